package io.llm2clip.evaluation.suite;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.InputException;
import io.llm2clip.evaluation.Ranks;
import io.llm2clip.evaluation.sets.ClassifiedSet;
import io.llm2clip.evaluation.sets.ReadableImages;
import io.llm2clip.progress.Progress;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Images of classes that a model has seen.
 *
 * @param numbers of those that could be read, ascending
 * @param broken a sentence for each other one
 */
record LabeledImages(List<Integer> numbers, List<String> broken) {
    /** Receives embeddings. */
    @FunctionalInterface
    interface Target {
        /** @param vector {@code [E]} of length 1 */
        void accept(ClassifiedSet.Image image, MemorySegment vector);
    }

    /** The numbers of all images of a set. */
    static List<Integer> all(ClassifiedSet set) {
        return IntStream.range(0, set.images().size()).boxed().toList();
    }

    /**
     * Embeds images.
     *
     * @param numbers which ones of the set
     * @param name what progress calls them
     * @throws InputException if most cannot be read
     */
    static LabeledImages embed(
            Llm2Clip model, ClassifiedSet set, List<Integer> numbers, String name, Progress progress, Target target) {
        List<Integer> read = new ArrayList<>();
        List<String> broken = new ArrayList<>();
        try (Progress.Phase phase = progress.begin(name, numbers.size(), "image")) {
            model.embedImages(
                    model.images(numbers.stream()
                            .map(number -> set.images().get(number).file())
                            .toList()),
                    (index, vector) -> {
                        int number = numbers.get(index);
                        target.accept(set.images().get(number), vector);
                        read.add(number);
                    },
                    failure -> broken.add(failure.reason()),
                    phase);
        }
        ReadableImages.requireMost(set.folder(), numbers.size(), broken);
        return new LabeledImages(List.copyOf(read), List.copyOf(broken));
    }

    /** Those of some of these images, given those of all. */
    Ranks ranks(List<Integer> ofAll, List<Integer> some) {
        int[] selected = new int[some.size()];
        for (int i = 0, next = 0; next < selected.length; i++) {
            if (numbers.get(i).equals(some.get(next))) {
                selected[next++] = ofAll.get(i);
            }
        }
        return new Ranks(selected);
    }
}
