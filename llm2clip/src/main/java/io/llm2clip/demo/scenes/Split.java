package io.llm2clip.demo.scenes;

import java.nio.file.Path;
import java.util.Locale;

/** A part of the data set; each takes its scenes from a range of indices of its own, so that parts never overlap. */
enum Split {
    TRAIN,
    VALIDATION,
    TEST;

    private static final int EVERY_WHICH_IS_JPEG = 4;

    String title() {
        return name().toLowerCase(Locale.ROOT);
    }

    int images(DemoDataSetOptions options) {
        return switch (this) {
            case TRAIN -> options.trainImages();
            case VALIDATION -> options.validationImages();
            case TEST -> options.testImages();
        };
    }

    int sceneIndex(int image) {
        return ordinal() * DemoDataSetOptions.LARGEST_SPLIT + image;
    }

    /** The image's path relative to the captions. */
    static String imagePath(int image) {
        String suffix = image % EVERY_WHICH_IS_JPEG == EVERY_WHICH_IS_JPEG - 1 ? "jpg" : "png";
        return String.format(Locale.ROOT, "images/%06d.%s", image, suffix);
    }

    Path folder(Path root) {
        return root.resolve(title());
    }

    Path images(Path root) {
        return folder(root).resolve("images");
    }

    Path captions(Path root) {
        return folder(root).resolve("captions.jsonl");
    }

    Path otherWords(Path root) {
        return folder(root).resolve("captions-other-words.jsonl");
    }

    static Path textCorpus(Path root) {
        return root.resolve("text").resolve("corpus.jsonl");
    }
}
