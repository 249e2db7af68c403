package io.llm2clip.training;

import io.llm2clip.evaluation.Bootstrap;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.Searches;
import io.llm2clip.model.TextModel;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.report.Gallery;
import io.llm2clip.training.run.Evaluation;
import io.llm2clip.training.run.Outcome;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BiConsumer;

/** Measures how captions that are held out find each other, before stage 1, in the middle of it and after it. */
final class HeldOutCaptions implements Evaluation {
    private final TextModel model;
    private final List<List<String>> groups;
    private final CaptionNotes notes;
    private final Progress progress;

    /**
     * An evaluation of a model, whatever its weights have become.
     *
     * @param groups captions by image
     */
    HeldOutCaptions(TextModel model, List<List<String>> groups, CaptionNotes notes, Progress progress) {
        this.model = model;
        this.groups = groups;
        this.notes = notes;
        this.progress = progress;
    }

    /**
     * How captions find each other at some point of the training.
     *
     * @param searches by pairing, without the vectors
     */
    record Measured(CaptionRetrieval retrieval, Map<String, CaptionRetrieval.PairSearches> searches) {
        /**
         * Accuracies beside those of an earlier point, with the intervals of the differences.
         *
         * @param seed of the bootstrap
         */
        List<Outcome> outcomes(Measured before, long seed) {
            Bootstrap bootstrap = Bootstrap.standard(seed);
            List<Outcome> outcomes = new ArrayList<>();
            retrieval.since(before.retrieval).forEach((pairing, change) -> {
                double[] now = Objects.requireNonNull(searches.get(pairing)).hits();
                double[] earlier =
                        Objects.requireNonNull(before.searches.get(pairing)).hits();
                outcomes.add(new Outcome(
                        "caption retrieval accuracy, " + CaptionRetrieval.name(pairing),
                        change.after(),
                        OptionalDouble.of(change.before()),
                        Optional.of(bootstrap.pairedDifference(now, earlier)),
                        1.0 / change.images()));
            });
            return outcomes;
        }

        /** Searches to look at, by title, beside those of an earlier point. */
        Map<String, Gallery> galleries(Measured before) {
            Map<String, Gallery> galleries = new LinkedHashMap<>();
            searches.forEach((pairing, after) -> Optional.ofNullable(before.searches.get(pairing))
                    .ifPresent(earlier -> galleries.put(
                            CaptionRetrieval.searches(pairing),
                            new Gallery(
                                    Gallery.Kind.CAPTIONS,
                                    Searches.compared(after.model(), earlier.model()),
                                    List.of("after stage 1", "before it"),
                                    after.queries()::get,
                                    query -> query,
                                    number -> new Gallery.Item(after.answers().get(number), Optional.empty())))));
            return galleries;
        }
    }

    /** @param causal whether tokens see only earlier ones, as before stage 1 */
    Measured measured(boolean causal) {
        Map<String, CaptionRetrieval.PairSearches> searches = new LinkedHashMap<>();
        CaptionRetrieval retrieval = retrieval(causal, (pairing, seen) -> searches.put(pairing, seen.answered()));
        return new Measured(retrieval, searches);
    }

    private CaptionRetrieval retrieval(boolean causal, BiConsumer<String, CaptionRetrieval.PairSearches> seen) {
        return CaptionRetrieval.measure(
                groups,
                model.encoder()::kinds,
                texts -> {
                    try (Progress.Phase phase = progress.begin("caption retrieval", texts.size(), "caption")) {
                        return model.encoder().encode(texts, causal, phase);
                    }
                },
                seen);
    }

    /** Accuracies by the names of metrics, such as {@code val_short_long_r1}. */
    @Override
    public Map<String, Double> measure() {
        model.encoder().weightsChanged();
        CaptionRetrieval retrieval = retrieval(false, (_, _) -> {});
        model.encoder().weightsChanged();
        Map<String, Double> metrics = new LinkedHashMap<>();
        retrieval
                .scores()
                .forEach((pairing, score) -> metrics.put(
                        "val_" + pairing.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT) + "_r1",
                        score.accuracy()));
        return metrics;
    }

    @Override
    public void save(Path directory) {
        model.save(directory, notes.provenance(), Existing.REPLACE);
    }
}
