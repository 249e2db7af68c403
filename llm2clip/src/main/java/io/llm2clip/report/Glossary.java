package io.llm2clip.report;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The terms of reports as HTML, each explained when it is pointed at. */
public final class Glossary {
    private static final String ACCURACY = "caption retrieval accuracy";
    private static final String GUESSING = "guessing";
    private static final String IMAGE_TO_TEXT = "image to text";
    private static final String TEXT_TO_IMAGE = "text to image";
    private static final String INTERVAL = "95 % interval";
    private static final String RECALL = "R@";

    /** Those that {@link #explained} finds; what the others mean depends on where they stand. */
    private static final Map<String, String> TERMS = new LinkedHashMap<>();

    static {
        TERMS.put(
                ACCURACY,
                "how often a caption finds another caption of the same image first, among those of all images, by the vectors of the"
                        + " text encoder alone; mean of both directions");
        TERMS.put(GUESSING, "what answers in random order reach on average, at most");
        TERMS.put(IMAGE_TO_TEXT, "an image searches for its captions among those of all images");
        TERMS.put(TEXT_TO_IMAGE, "a caption searches for its image among all images");
        TERMS.put(
                INTERVAL,
                "a bootstrap interval: the differences of 2000 random draws from the measured images, without the lowest and the highest"
                        + " 2.5 %; where it leaves out 0, the difference is unlikely to be an accident of which images were measured");
        TERMS.put("two long captions", "the first two different long captions of an image are paired");
        TERMS.put(
                "a short and a long caption",
                "the first short and the first long caption of an image are paired; a caption is short if it has less than half the tokens"
                        + " of the image's longest one");
        TERMS.put(
                "held out",
                "not learned from: a part of the data, or a data set of its own, that only serves to measure what was learned");
        TERMS.put(
                "language model",
                "next-token prediction, which gives a small language model from scratch something to begin with; in stage 2, what reads"
                        + " the captions");
        TERMS.put(
                "text tower",
                "a text encoder as CLIP has it, trained together with the vision tower: the baseline of LLM2CLIP");
        TERMS.put(
                "stage 1, caption contrast",
                "the language model learns to tell captions apart: two captions of the same image are pulled together, those of different"
                        + " images pushed apart; no image is seen");
        TERMS.put(
                "stage 2, images and captions",
                "the vision tower learns to place images where the captions are; pairs of a batch are told apart");
        TERMS.put(
                "masked next-token prediction",
                "hidden tokens are predicted from both sides, which turns a causal language model into one that reads both ways");
        TERMS.put(
                "learning rate", "how far a step goes: it rises during the warm-up, then falls to 0 at the last step");
        TERMS.put(
                "logit scale",
                "factor of the cosines before the softmax or sigmoid, which is trained: the larger, the sharper the model tells pairs apart");
        TERMS.put("logit bias", "what is added to the scaled cosines before the sigmoid");
        TERMS.put(
                "gradient norm before clipping",
                "length of the gradients of all that is trained, before it is clipped to its bound; peaks are steps that were shortened");
        TERMS.put("examples per second", "of each step alone, without evaluations and checkpoints");
        TERMS.put("skipped", "steps that were not made because the loss or its gradients were not finite");
        TERMS.put("peak memory", "the most that the engine and the Java heap took together after a step");
        TERMS.put(
                "loss",
                "what a training makes smaller: in stages 1 and 2 how far the right pairs of a batch are from being told apart, at first"
                        + " about the logarithm of how many there are to choose from");
    }

    /** Longer terms first: "text to image" is no "image". */
    private static final Pattern ANY = Pattern.compile(TERMS.keySet().stream()
            .sorted(Comparator.comparingInt(String::length).reversed())
            .map(Pattern::quote)
            .collect(Collectors.joining("|", "(?i)\\b(?:" + RECALL + "(\\d+)|(", "))\\b")));

    private Glossary() {}

    /** A text as HTML, in which every term that is known is explained. */
    public static String explained(String text) {
        StringBuilder html = new StringBuilder();
        int end = 0;
        for (MatchResult found : ANY.matcher(text).results().toList()) {
            html.append(Html.escape(text.substring(end, found.start())));
            html.append(
                    found.group(1) == null
                            ? term(found.group(), found.group().toLowerCase(Locale.ROOT))
                            : recall(Integer.parseInt(found.group(1))));
            end = found.end();
        }
        return html.append(Html.escape(text.substring(end))).toString();
    }

    /** R@k, such as "R@10". */
    public static String recall(int k) {
        return Html.term(
                RECALL + k,
                (k == 1
                                ? "the share of searches whose first answer is right"
                                : "the share of searches with a right answer among the first %d".formatted(k))
                        + "; for an image, any of its captions is right");
    }

    /** Caption retrieval accuracy. */
    public static String accuracy() {
        return term(ACCURACY, ACCURACY);
    }

    /** What guessing reaches. */
    public static String guessing() {
        return term(GUESSING, GUESSING);
    }

    /** Searches of captions by an image. */
    public static String imageToText() {
        return term(IMAGE_TO_TEXT, IMAGE_TO_TEXT);
    }

    /** Searches of images by a caption. */
    public static String textToImage() {
        return term(TEXT_TO_IMAGE, TEXT_TO_IMAGE);
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
        return term(INTERVAL, INTERVAL);
    }

    private static String term(String shown, String name) {
        return Html.term(shown, Objects.requireNonNull(TERMS.get(name)));
    }
}
