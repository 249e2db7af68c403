package io.llm2clip.demo;

import io.llm2clip.data.CaptionedImage;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.model.TextModel;
import io.llm2clip.progress.Progress;
import io.llm2clip.training.CaptionVectors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Vectors of the untouched language model, kept because stage 1 changes it. */
final class RawVectors {
    private final CaptionVectors captions;
    private final FloatMatrix queries;
    private final Map<String, Integer> rowOf = new LinkedHashMap<>();

    private RawVectors(CaptionVectors captions, FloatMatrix queries, List<String> texts) {
        this.captions = captions;
        this.queries = queries;
        texts.forEach(text -> rowOf.put(text, rowOf.size()));
    }

    static RawVectors of(TextModel language, DemoTexts texts) {
        List<List<String>> captions =
                texts.training().items().stream().map(CaptionedImage::captions).toList();
        List<String> queries = texts.querySets().values().stream()
                .flatMap(List::stream)
                .flatMap(List::stream)
                .distinct()
                .toList();
        List<String> all = captions.stream().flatMap(List::stream).toList();
        return new RawVectors(CaptionVectors.of(vectors(language, all), captions), vectors(language, queries), queries);
    }

    private static FloatMatrix vectors(TextModel language, List<String> texts) {
        return language.encoder().encode(texts, true, Progress.Phase.NONE);
    }

    /** Of the training captions. */
    CaptionVectors captions() {
        return captions;
    }

    /** Vectors {@code [N, D]} of queries. */
    FloatMatrix queries(List<String> texts) {
        FloatMatrix vectors = FloatMatrix.allocate(texts.size(), queries.columns());
        for (int i = 0; i < texts.size(); i++) {
            int row = Objects.requireNonNull(rowOf.get(texts.get(i)), texts.get(i));
            vectors.accept(i, queries.row(row));
        }
        return vectors;
    }
}
