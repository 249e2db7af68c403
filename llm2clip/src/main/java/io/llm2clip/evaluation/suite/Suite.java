package io.llm2clip.evaluation.suite;

import io.llm2clip.evaluation.sets.ClassifiedSet;
import io.llm2clip.evaluation.sets.ImageNet;
import io.llm2clip.evaluation.sets.PublishedSets;
import io.llm2clip.evaluation.sets.RetrievalSet;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Function;

/** A published evaluation. */
public enum Suite {
    FLICKR30K("flickr30k", "Flickr30k", "flickr30k", 1000, retrieval(PublishedSets::flickr30k)),
    COCO("coco", "COCO", "coco", 5000, retrieval(PublishedSets::coco)),
    SHAREGPT4V("sharegpt4v", "ShareGPT4V-1k", "sharegpt4v", 1000, retrieval(PublishedSets::shareGpt4v)),
    URBAN1K("urban1k", "Urban1k", "urban1k", 1000, retrieval(PublishedSets::urban1k)),
    DOCCI("docci", "DOCCI", "docci", 5000, retrieval(PublishedSets::docci)),
    FLICKR_CN(
            "flickr-cn",
            "Flickr-CN",
            "flickr-cn",
            1000,
            retrieval(folder -> PublishedSets.flickrCn(folder, folder.resolveSibling("flickr30k")))),
    COCO_CN(
            "coco-cn",
            "COCO-CN",
            "coco-cn",
            1000,
            retrieval(folder -> PublishedSets.cocoCn(folder, folder.resolveSibling("coco")))),
    XM3600("xm3600", "XM3600", "xm3600", 3600, retrieval(PublishedSets::xm3600)),
    CAPTIONS("cra", "COCO captions", "coco", 5000, folder -> {
        RetrievalSet set = PublishedSets.cocoCaptions(folder);
        return _ -> new CaptionTrial(set);
    }),
    IMAGENET("imagenet", "ImageNet", "imagenet", 50_000, folder -> zeroShot(ImageNet.validation(folder))),
    IMAGENET_V2(
            "imagenet-v2",
            "ImageNet-V2",
            "imagenet-v2",
            10_000,
            folder -> zeroShot(ImageNet.v2(folder, folder.resolveSibling("imagenet")))),
    LINEAR_PROBE("linear-probe", "ImageNet probe", "imagenet", 50_000, folder -> {
        ClassifiedSet training = ImageNet.training(folder);
        ClassifiedSet test = ImageNet.test(folder, training);
        return _ -> new ProbeTrial(training, test);
    });

    private final String key;
    private final String title;
    private final String folder;
    private final int images;
    private final Function<Path, Task> reader;

    /**
     * @param key what users call it
     * @param title what people call it
     * @param folder the name of its data's folder among others
     * @param images that published results are of
     * @param reader opens the data
     */
    Suite(String key, String title, String folder, int images, Function<Path, Task> reader) {
        this.key = key;
        this.title = title;
        this.folder = folder;
        this.images = images;
        this.reader = reader;
    }

    /** Data that was opened, to be measured with. */
    @FunctionalInterface
    public interface Task {
        /**
         * Begins to measure.
         *
         * @param trials that are open at the same time, this one included
         */
        Trial begin(int trials);
    }

    private static Task zeroShot(ImageNet.Validation validation) {
        return _ -> new ZeroShotTrial(validation);
    }

    private static Function<Path, Task> retrieval(Function<Path, RetrievalSet> reader) {
        return folder -> {
            RetrievalSet set = reader.apply(folder);
            return trials -> new RetrievalTrial(set, trials);
        };
    }

    /** What users call it, such as {@code flickr-cn}. */
    public String key() {
        return key;
    }

    /** What people call it. */
    public String title() {
        return title;
    }

    /** The name of its data's folder among those of other suites. */
    public String folder() {
        return folder;
    }

    /** The folder without which there is nothing to measure, below that of other suites. */
    public String data() {
        return this == LINEAR_PROBE ? folder + "/train" : folder;
    }

    /** What the first of its figures is called. */
    public String firstFigure() {
        return switch (this) {
            case CAPTIONS, LINEAR_PROBE -> "accuracy";
            case IMAGENET, IMAGENET_V2 -> "top1OneTemplate";
            default -> "imageToText";
        };
    }

    /** What the second of its figures is called, of suites with two. */
    public String secondFigure() {
        return switch (this) {
            case IMAGENET, IMAGENET_V2 -> "top1EightyTemplates";
            default -> "textToImage";
        };
    }

    /** How many images published results are of; others are not comparable with them. */
    public int publishedImages() {
        return images;
    }

    /**
     * Reads what the data consists of; images are read when it is measured with.
     *
     * @throws io.llm2clip.data.InputException if the folder does not hold the data in a published layout
     */
    public Task open(Path folder) {
        return reader.apply(folder);
    }

    /** The suite that users call so. */
    public static Optional<Suite> of(String key) {
        return Arrays.stream(values()).filter(suite -> suite.key.equals(key)).findFirst();
    }
}
