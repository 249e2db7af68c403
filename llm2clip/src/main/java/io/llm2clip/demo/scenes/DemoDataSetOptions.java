package io.llm2clip.demo.scenes;

/**
 * What the demo's data set holds. A smaller data set of the same seed is the beginning of a larger one.
 *
 * @param textsPerScene groups of captions in the text corpus for each training scene
 */
public record DemoDataSetOptions(int trainImages, int validationImages, int testImages, int textsPerScene, long seed) {
    static final int LARGEST_SPLIT = 300_000;
    private static final int LARGEST_TEXTS = 100;

    public DemoDataSetOptions {
        requireRange("training images", trainImages, LARGEST_SPLIT);
        requireRange("validation images", validationImages, LARGEST_SPLIT);
        requireRange("test images", testImages, LARGEST_SPLIT);
        requireRange("texts per scene", textsPerScene, LARGEST_TEXTS);
    }

    /** The data set of the published figures: 4000 training, 500 validation and 1000 test images. */
    public static DemoDataSetOptions standard(long seed) {
        return new DemoDataSetOptions(4000, 500, 1000, 1, seed);
    }

    /** 1000 training, 100 validation and 300 test images: for a look around. */
    public static DemoDataSetOptions quick(long seed) {
        return new DemoDataSetOptions(1000, 100, 300, 1, seed);
    }

    private static void requireRange(String what, int number, int largest) {
        if (number < 1 || number > largest) {
            throw new IllegalArgumentException(
                    "The number of " + what + " is " + number + "; choose one in 1.." + largest + ".");
        }
    }
}
