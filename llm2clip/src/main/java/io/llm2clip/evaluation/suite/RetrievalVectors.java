package io.llm2clip.evaluation.suite;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.data.UnitVectors;
import io.llm2clip.evaluation.ScratchVectors;
import io.llm2clip.evaluation.sets.ReadableImages;
import io.llm2clip.evaluation.sets.RetrievalSet;
import io.llm2clip.progress.Progress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * A model's embeddings of a data set.
 *
 * @param name of the model
 * @param set all of the data
 * @param readable numbers of the images that could be read
 * @param images {@code [readable, E]}
 * @param captions by language, {@code [captions of readable images, E]}
 * @param cut how many captions were too long
 * @param maxLength tokens of a caption that the model reads
 * @param broken a sentence for each image that could not be read
 */
record RetrievalVectors(
        String name,
        RetrievalSet set,
        List<Integer> readable,
        FloatMatrix images,
        Map<String, FloatMatrix> captions,
        int cut,
        int maxLength,
        List<String> broken) {
    /**
     * Embeds.
     *
     * @param numbers of the images to read
     * @param scratch keeps the vectors
     * @throws InputException if most images cannot be read, or an embedding is not finite
     */
    static RetrievalVectors of(
            String name,
            Llm2Clip model,
            RetrievalSet set,
            List<Integer> numbers,
            Progress progress,
            ScratchVectors scratch) {
        List<Integer> readable = new ArrayList<>();
        List<String> broken = new ArrayList<>();
        FloatMatrix images = scratch.allocate(numbers.size(), model.embeddingSize());
        try (Progress.Phase phase = progress.begin("images", numbers.size(), "image")) {
            model.embedImages(
                    model.images(numbers.stream()
                            .map(number -> set.images().get(number).file())
                            .toList()),
                    (index, embedding) -> {
                        images.accept(readable.size(), embedding);
                        readable.add(numbers.get(index));
                    },
                    failure -> broken.add(failure.reason()),
                    phase);
        }
        ReadableImages.requireMost(set.folder(), numbers.size(), broken);
        RetrievalSet.requireTwo(set.folder(), readable.size());
        Map<String, FloatMatrix> captions = new LinkedHashMap<>();
        int cut = 0;
        for (Map.Entry<String, List<List<String>>> language : set.captions().entrySet()) {
            List<String> texts = readable.stream()
                    .flatMap(number -> language.getValue().get(number).stream())
                    .toList();
            FloatMatrix embeddings = scratch.allocate(texts.size(), model.embeddingSize());
            try (Progress.Phase phase = progress.begin("captions", texts.size(), "caption")) {
                cut += model.embedTexts(texts, embeddings, phase);
            }
            captions.put(language.getKey(), embeddings);
        }
        // A model that is broken is told here, and does not end what another one makes of the same data.
        new UnitVectors(images.slice(0, readable.size()), "image");
        captions.values().forEach(embeddings -> new UnitVectors(embeddings, "caption"));
        return new RetrievalVectors(
                name,
                set,
                List.copyOf(readable),
                images.slice(0, readable.size()),
                captions,
                cut,
                model.maxTextLength(),
                List.copyOf(broken));
    }

    /**
     * The vectors of some images.
     *
     * @param numbers of readable images, ascending
     */
    FloatMatrix images(List<Integer> numbers, ScratchVectors scratch) {
        List<Integer> rows = new ArrayList<>();
        for (int row = 0, next = 0; next < numbers.size(); row++) {
            if (readable.get(row).equals(numbers.get(next))) {
                rows.add(row);
                next++;
            }
        }
        return select(images, rows, scratch);
    }

    /** The vectors of all captions that some images have in a language, in the same way. */
    FloatMatrix captions(String language, List<Integer> numbers, ScratchVectors scratch) {
        List<List<String>> texts = Objects.requireNonNull(set.captions().get(language));
        List<Integer> rows = new ArrayList<>();
        int end = 0;
        for (int image = 0, next = 0; next < numbers.size(); image++) {
            int number = readable.get(image);
            int start = end;
            end += texts.get(number).size();
            if (number == numbers.get(next)) {
                IntStream.range(start, end).forEach(rows::add);
                next++;
            }
        }
        return select(Objects.requireNonNull(captions.get(language)), rows, scratch);
    }

    private static FloatMatrix select(FloatMatrix all, List<Integer> rows, ScratchVectors scratch) {
        if (rows.size() == all.rows()) {
            return all;
        }
        FloatMatrix selected = scratch.allocate(rows.size(), all.columns());
        for (int row = 0; row < rows.size(); row++) {
            selected.accept(row, all.row(rows.get(row)));
        }
        return selected;
    }
}
