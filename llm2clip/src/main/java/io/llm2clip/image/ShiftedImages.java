package io.llm2clip.image;

/** The images of a source, each moved by a few pixels. */
record ShiftedImages(ImageSource images, int reach, long seed) implements ImageSource {
    /** Apart from the numbers of images, so that no two images of two seeds are moved alike. */
    private static final long STRIDE = 1_000_003;

    @Override
    public int count() {
        return images.count();
    }

    @Override
    public String name(int index) {
        return images.name(index);
    }

    @Override
    public Preprocessing preprocessing() {
        return images.preprocessing();
    }

    @Override
    public RgbImage read(int index) {
        return Augmentation.randomShift(images.read(index), reach, seed * STRIDE + index);
    }
}
