package io.llm2clip.training;

import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.model.TextModel;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.training.run.Evaluation;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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

    /** @param causal whether tokens see only earlier ones, as before stage 1 */
    CaptionRetrieval retrieval(boolean causal) {
        return CaptionRetrieval.measure(groups, model.encoder()::kinds, texts -> {
            try (Progress.Phase phase = progress.begin("caption retrieval", texts.size(), "caption")) {
                return model.encoder().encode(texts, causal, phase);
            }
        });
    }

    /** Accuracies by the names of metrics, such as {@code val_short_long_r1}. */
    @Override
    public Map<String, Double> measure() {
        model.encoder().weightsChanged();
        CaptionRetrieval retrieval = retrieval(false);
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
