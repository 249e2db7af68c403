package io.llm2clip.evaluation.suite;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.evaluation.ScratchVectors;
import io.llm2clip.evaluation.sets.RetrievalSet;
import io.llm2clip.model.LanguageBranch;
import io.llm2clip.progress.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.commons.math3.stat.StatUtils;

/**
 * The first caption of each image against the second ones of all, and the other way round, with and without an instruction before each: the
 * paper's caption retrieval accuracy, on COCO. Captions find each other by the language model's vectors before the adapter, or by the
 * embeddings of a text tower; images are not looked at.
 */
final class CaptionTrial implements Trial {
    /** With which the paper's language models are tuned, stage 1; used where the user gave no other. */
    private static final String INSTRUCTION = "Given a caption, retrieve a similar relevant caption";

    private final RetrievalSet set;
    private final List<String> first = new ArrayList<>();
    private final List<String> second = new ArrayList<>();
    private final List<Seen> models = new ArrayList<>();

    /**
     * What a model has read.
     *
     * @param plain by pair, without an instruction
     * @param instructed with it; empty for a text tower, which reads none
     */
    private record Seen(String name, double[] plain, Optional<double[]> instructed, String instruction) {
        double[] best() {
            return instructed.orElse(plain);
        }
    }

    CaptionTrial(RetrievalSet set) {
        this.set = set;
        for (List<String> captions : Objects.requireNonNull(set.captions().get(RetrievalSet.ONE_LANGUAGE))) {
            if (captions.size() >= 2) {
                first.add(captions.get(0));
                second.add(captions.get(1));
            }
        }
    }

    /** @throws InputException if fewer than two images have two captions */
    @Override
    public void add(String name, Llm2Clip model, Progress progress) {
        if (first.size() < 2) {
            throw new InputException(
                    "%s: expected images with two captions each, found %d; caption retrieval needs at least two."
                            .formatted(set.title(), first.size()));
        }
        String instruction = model.instruction().isEmpty() ? INSTRUCTION : model.instruction();
        models.add(new Seen(
                name,
                hits(model, "", progress),
                model.text() instanceof LanguageBranch
                        ? Optional.of(hits(model, instruction, progress))
                        : Optional.empty(),
                instruction));
    }

    private double[] hits(Llm2Clip model, String instruction, Progress progress) {
        try (ScratchVectors scratch = new ScratchVectors()) {
            FloatMatrix a = scratch.allocate(first.size(), model.textVectorSize());
            FloatMatrix b = scratch.allocate(second.size(), model.textVectorSize());
            String name = instruction.isEmpty() ? "caption retrieval" : "captions with instruction";
            try (Progress.Phase phase = progress.begin(name, 2L * first.size(), "caption")) {
                model.textVectors(first, instruction, a, phase);
                model.textVectors(second, instruction, b, phase);
            }
            return RetrievalMetrics.mutualCaptionHits(a, b);
        }
    }

    @Override
    public Findings findings() {
        Seen ours = models.getFirst();
        if (models.size() == 1) {
            return Findings.of(measurement(ours));
        }
        Seen baseline = models.getLast();
        double chance = 1.0 / first.size();
        List<Difference> differences = new ArrayList<>();
        boolean instructed = ours.instructed.isPresent() || baseline.instructed.isPresent();
        if (instructed) {
            differences.add(Difference.of(
                    "accuracyWithInstruction",
                    "caption retrieval accuracy, with instruction where the model reads one",
                    ours.best(),
                    baseline.best(),
                    chance));
        }
        differences.add(Difference.of(
                "accuracy",
                "caption retrieval accuracy" + (instructed ? ", without instruction" : ""),
                ours.plain,
                baseline.plain,
                chance));
        return new Findings(
                measurement(ours), Optional.of(new Versus(baseline.name, measurement(baseline), differences)));
    }

    private Measurement.Captions measurement(Seen seen) {
        return new Measurement.Captions(
                Optional.of(set.report()),
                first.size(),
                StatUtils.mean(seen.plain),
                seen.instructed
                        .map(hits -> OptionalDouble.of(StatUtils.mean(hits)))
                        .orElseGet(OptionalDouble::empty),
                seen.instruction);
    }
}
