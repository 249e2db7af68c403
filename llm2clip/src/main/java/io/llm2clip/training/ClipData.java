package io.llm2clip.training;

import io.llm2clip.data.InputException;
import io.llm2clip.dataset.DataMix;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.dataset.ExampleSets;
import io.llm2clip.dataset.HeldOutExamples;
import io.llm2clip.dataset.ImageExamples;
import io.llm2clip.dataset.ImageMix;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionInputs;

/**
 * What stage 2 learns from and is measured on.
 *
 * @param mix images with captions
 * @param choices what is made of them
 * @param reader of the images; whether it turns them upright is saved with the model
 * @param validation what is measured and not learned from
 */
public record ClipData(DataMix mix, ClipDataChoices choices, ImageReader reader, Validation validation) {
    /** One data set, a tenth of which is measured. */
    public ClipData(ExampleSet set, ClipDataChoices choices) {
        this(DataMix.of(set), choices, ImageReader.DEFAULT, Validation.TENTH);
    }

    /** @throws InputException if there is too little of it */
    HeldOutExamples split() {
        return switch (validation) {
            case Validation.Share share -> HeldOutExamples.of(mix, share.every());
            case Validation.Data other ->
                HeldOutExamples.of(mix, ExampleSets.open(other.path().toString(), other.columns()));
        };
    }

    /** Images as they are learned from. */
    ImageMix training(HeldOutExamples split, Preprocessing preprocessing) {
        return new ImageMix(
                split.training().sources().stream()
                        .map(source -> new ImageMix.Source(
                                new ImageExamples(
                                        source.set(), choices.sampling(), reader, preprocessing, choices.crop()),
                                source.weightOrSize()))
                        .toList(),
                choices.equalAsNegatives());
    }

    /** Images as they are measured. */
    ImageExamples measured(HeldOutExamples split, Preprocessing preprocessing) {
        return new ImageExamples(split.measured(), reader, preprocessing);
    }

    /**
     * Checks that the JVM can hold the images of a step: while it is made with a batch, the next of each source is read; and as numbers,
     * which are not on the heap but may take as much, those of a chunk.
     *
     * @param most examples of a batch
     * @param options how steps are made
     * @throws InputException if it cannot
     */
    void requireMemory(HeldOutExamples split, VisionConfig vision, int most, StepOptions options) {
        int batch = (int) Math.min(most, split.training().size());
        int batches = 1 + split.training().sources().size();
        long pixels = 3L * batches * batch * vision.largestImage();
        long heap = Runtime.getRuntime().maxMemory();
        int atOnce = options.part(batch);
        long numbers = VisionInputs.bytes(vision, atOnce);
        long bytes = Math.max(pixels, numbers);
        if (bytes > heap) {
            throw new InputException(
                    "%s: %d batches of %d images take %,d MB of memory, and as numbers, %d at a time, %,d MB; the JVM has %,d MB for each; set -Xmx%dg (LLM2CLIP_JAVA_OPTIONS=-Xmx%dg) or lower the batch."
                            .formatted(
                                    mix.name(),
                                    batches,
                                    batch,
                                    pixels >> 20,
                                    atOnce,
                                    numbers >> 20,
                                    heap >> 20,
                                    (bytes >> 30) + 2,
                                    (bytes >> 30) + 2));
        }
    }
}
