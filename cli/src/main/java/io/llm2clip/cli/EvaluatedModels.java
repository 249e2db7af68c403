package io.llm2clip.cli;

import io.llm2clip.Llm2Clip;
import io.llm2clip.evaluation.suite.PublishedFigures;
import io.llm2clip.report.Facts;
import io.llm2clip.tensor.Execution;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;

/** What {@code eval} measures: a model and perhaps a baseline, one of which is in memory at a time. */
final class EvaluatedModels {
    private final ModelOption model;
    private final BaselineOption baseline;
    private final List<Trait> traits = new ArrayList<>();

    /**
     * What is known of a model once it was there.
     *
     * @param captionsBy what embeds its captions
     * @param tower what the paper calls its vision tower
     */
    record Trait(String captionsBy, Optional<String> tower) {}

    EvaluatedModels(ModelOption model, BaselineOption baseline) {
        this.model = model;
        this.baseline = baseline;
    }

    /** Two if there is a baseline. */
    int count() {
        return baseline.name().isPresent() ? 2 : 1;
    }

    /** What people call them: as the user does, or beside another one the last part of that if it tells them apart. */
    List<String> names() {
        String ours = model.name();
        return baseline.name()
                .map(other -> {
                    if (!last(ours).equals(last(other))) {
                        return List.of(last(ours), last(other));
                    }
                    return ours.equals(other) ? List.of(ours, other + " (baseline)") : List.of(ours, other);
                })
                .orElseGet(() -> List.of(ours));
    }

    private static String last(String place) {
        Path name = Path.of(place).normalize().getFileName();
        return name == null || name.toString().isEmpty() ? place : name.toString();
    }

    /**
     * Has each measured in turn, after it is clear that both can be opened.
     *
     * @param measurement takes what tables call it, and the model
     */
    void measure(Execution execution, BiConsumer<String, Llm2Clip> measurement) {
        baseline.require(model.shared(execution));
        try (Llm2Clip loaded = model.load(execution)) {
            measure(count() == 1 ? "this model" : names().getFirst(), loaded, measurement);
        }
        if (count() == 2) {
            try (Llm2Clip loaded = baseline.load(model.shared(execution))) {
                measure(names().getLast(), loaded, measurement);
            }
        }
    }

    private void measure(String name, Llm2Clip loaded, BiConsumer<String, Llm2Clip> measurement) {
        measurement.accept(name, loaded);
        traits.add(new Trait(loaded.captionsBy().text(), PublishedFigures.tower(loaded.vision())));
    }

    private static String fact(String name, Trait trait) {
        return "%s; captions embedded by the %s".formatted(name, trait.captionsBy());
    }

    /** What is known of the model. */
    Trait ours() {
        return traits.getFirst();
    }

    /** What is known of the baseline. */
    Trait other() {
        return traits.getLast();
    }

    /** For whoever repeats it. */
    Facts facts(Facts facts) {
        facts.and("model", fact(model.name(), ours()));
        baseline.name()
                .ifPresent(name -> facts.and("baseline", fact(name, other()))
                        .and("intervals", "95 %, bootstrap over images, 2000 resamples, the same in each repetition"));
        return facts;
    }
}
