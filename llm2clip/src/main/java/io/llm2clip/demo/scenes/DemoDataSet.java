package io.llm2clip.demo.scenes;

import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The demo's data set on disk, laid out as a user's own data would be.
 *
 * <pre>
 * train/images/000000.png ...      images of 128 x 128, every fourth a JPEG
 * train/captions.jsonl             a line an image: "image" (path relative to this file), "captions" (short, long, long),
 *                                  "setting", "light", "weather", "objects"
 * validation/..., test/...         the same
 * test/captions-other-words.jsonl  the test images again, told in words that no other caption of an image uses
 * text/corpus.jsonl                a line a training scene (or several): "captions" in all wordings, for language model
 *                                  and caption training
 * data-set.json                    the options it was written with
 * </pre>
 *
 * @param directory root of the layout
 * @param reused whether it was already there
 */
public record DemoDataSet(Path directory, DemoDataSetOptions options, boolean reused) {

    /** Told about images as they are finished; calls come from several threads, but never two at once. */
    @FunctionalInterface
    public interface Progress {
        void finished(int images, int total);
    }

    /**
     * Writes the data set, or recognizes the one that is there. It appears at {@code directory} complete or not at all, and
     * its bytes do not depend on the number of threads.
     *
     * @param existing what to do with a data set that has other options or is damaged
     * @throws IOException if such a data set stays
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if it cannot be written, or something else is at {@code directory}
     */
    public static DemoDataSet write(
            Path directory, DemoDataSetOptions options, int threads, Progress progress, Existing existing)
            throws IOException {
        if (threads < 1) {
            throw new IllegalArgumentException("The number of threads is " + threads + "; it has to be at least 1.");
        }
        Path target = directory.toAbsolutePath().normalize();
        if (ExistingDataSet.matches(target, options, existing)) {
            return new DemoDataSet(target, options, true);
        }
        try (OutputDirectory output = OutputDirectory.claim(target, ExistingDataSet.KIND, existing)) {
            output.fill(root -> new DataSetWriter(root, options, threads, progress).write());
            output.publish();
        }
        return new DemoDataSet(target, options, false);
    }

    /** The captions of the training images. */
    public Path trainCaptions() {
        return Split.TRAIN.captions(directory);
    }

    /** The captions of the validation images. */
    public Path validationCaptions() {
        return Split.VALIDATION.captions(directory);
    }

    /** The captions of the test images, in the words of the training captions. */
    public Path testCaptions() {
        return Split.TEST.captions(directory);
    }

    /** The captions of the test images in other words. */
    public Path testCaptionsInOtherWords() {
        return Split.TEST.otherWords(directory);
    }

    /** The text corpus. */
    public Path textCorpus() {
        return Split.textCorpus(directory);
    }
}
