package io.llm2clip.evaluation.suite;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.evaluation.CaptionRetrieval;
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

/**
 * Whether captions of an image find each other by the language model's vectors before the adapter, or by the embeddings of a text tower;
 * images are not looked at.
 */
public final class CaptionEvaluation {
    /** With which the paper's language models are tuned, stage 1; used where the user gave no other. */
    public static final String INSTRUCTION = "Given a caption, retrieve a similar relevant caption";

    private CaptionEvaluation() {}

    /** Short and long captions, as far as images have both. */
    public static CaptionRetrieval of(Llm2Clip model, RetrievalSet set, Progress progress) {
        List<List<String>> captions = Objects.requireNonNull(set.captions().get(RetrievalSet.ONE_LANGUAGE));
        return CaptionRetrieval.measure(captions, model::captionKinds, texts -> {
            FloatMatrix vectors = FloatMatrix.allocate(texts.size(), model.textVectorSize());
            try (Progress.Phase phase = progress.begin("caption retrieval", texts.size(), "caption")) {
                model.textVectors(texts, vectors, phase);
            }
            return vectors;
        });
    }

    /**
     * The first caption of each image against the second ones of all, and the other way round, with and without an instruction before
     * each: the paper's caption retrieval accuracy, on COCO.
     *
     * @throws InputException if fewer than two images have two captions
     */
    static Measurement.Captions firstTwo(Llm2Clip model, RetrievalSet set, Progress progress) {
        List<String> first = new ArrayList<>();
        List<String> second = new ArrayList<>();
        for (List<String> captions : Objects.requireNonNull(set.captions().get(RetrievalSet.ONE_LANGUAGE))) {
            if (captions.size() >= 2) {
                first.add(captions.get(0));
                second.add(captions.get(1));
            }
        }
        if (first.size() < 2) {
            throw new InputException(
                    "%s: expected images with two captions each, found %d; caption retrieval needs at least two."
                            .formatted(set.title(), first.size()));
        }
        String instruction = model.instruction().isEmpty() ? INSTRUCTION : model.instruction();
        boolean instructed = model.text() instanceof LanguageBranch;
        return new Measurement.Captions(
                Optional.of(set.report()),
                first.size(),
                accuracy(model, first, second, "", progress),
                instructed
                        ? OptionalDouble.of(accuracy(model, first, second, instruction, progress))
                        : OptionalDouble.empty(),
                instruction);
    }

    private static double accuracy(
            Llm2Clip model, List<String> first, List<String> second, String instruction, Progress progress) {
        try (ScratchVectors scratch = new ScratchVectors()) {
            FloatMatrix a = scratch.allocate(first.size(), model.textVectorSize());
            FloatMatrix b = scratch.allocate(second.size(), model.textVectorSize());
            String name = instruction.isEmpty() ? "caption retrieval" : "captions with instruction";
            try (Progress.Phase phase = progress.begin(name, 2L * first.size(), "caption")) {
                model.textVectors(first, instruction, a, phase);
                model.textVectors(second, instruction, b, phase);
            }
            return RetrievalMetrics.mutualCaptionAccuracy(a, b);
        }
    }
}
