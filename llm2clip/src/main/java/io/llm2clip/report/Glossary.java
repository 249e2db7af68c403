package io.llm2clip.report;

/** The terms of reports as HTML, each explained when it is pointed at. */
public final class Glossary {
    private Glossary() {}

    /** R@k, such as "R@10". */
    public static String recall(int k) {
        return Html.term(
                "R@" + k,
                (k == 1
                                ? "the share of searches whose first answer is right"
                                : "the share of searches with a right answer among the first %d".formatted(k))
                        + "; for an image, any of its captions is right");
    }

    /** Caption retrieval accuracy. */
    public static String accuracy() {
        return Html.term(
                "caption retrieval accuracy",
                "how often a caption finds another caption of the same image first, among those of all images, by the vectors of the"
                        + " text encoder alone; mean of both directions");
    }

    /** What guessing reaches. */
    public static String guessing() {
        return Html.term("guessing", "what answers in random order reach on average, at most");
    }

    /** Searches of captions by an image. */
    public static String imageToText() {
        return Html.term("image to text", "an image searches for its captions among those of all images");
    }

    /** Searches of images by a caption. */
    public static String textToImage() {
        return Html.term("text to image", "a caption searches for its image among all images");
    }

    /** The mean of both directions. */
    public static String mean() {
        return Html.term("mean", "of both directions, image to text and text to image, which count the same");
    }

    /** The mean that the LLM2CLIP paper reports. */
    public static String meanOfFive() {
        return Html.term("mean of five", "of Flickr30k, COCO, ShareGPT4V-1k, Urban1k and DOCCI, which count the same");
    }

    /** The interval of a difference. */
    public static String interval() {
        return Html.term(
                "95 % interval",
                "a bootstrap interval: the differences of 2000 random draws from the measured images, without the lowest and the highest"
                        + " 2.5 %; where it leaves out 0, the difference is unlikely to be an accident of which images were measured");
    }
}
