package io.llm2clip.bench.gpu;

import io.llm2clip.bench.HashWeights;
import io.llm2clip.bench.StageLosses;
import io.llm2clip.model.CaptionTensors;
import io.llm2clip.model.Llama;
import io.llm2clip.model.LlamaInitialization;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.TrainStep;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.Pooling;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Seconds per training step with AdamW, and the losses of the first ones, to be compared: of a vision tower with the contrastive loss
 * against fixed text vectors (stage 2 without its adapter), and of low-rank updates with that of pairs of captions (stage 1).
 */
final class TrainingPart {
    private static final double SECONDS = 2;
    private static final int COMPARED = 5;
    private static final float VISION_RATE = 1e-4f;
    private static final float LORA_RATE = 1e-3f;

    private TrainingPart() {}

    public static void main(String[] arguments) {
        PartOptions options = PartOptions.parse(arguments);
        Models models = Models.of(options.small());
        try (Rows rows = new Rows(options.rows())) {
            for (Precision precision : options.target().precisions()) {
                // Each on its own, as a device that had an error in one may not take the other.
                options.target().with(precision, execution -> images(rows, models, execution));
                options.target().with(precision, execution -> captions(rows, models, execution));
            }
        }
    }

    private static void images(Rows rows, Models models, Execution execution) {
        VisionConfig config = models.trainedVision();
        Shape pixelShape = Shape.of(models.trainedImages(), 3, config.imageSize(), config.imageSize());
        TensorData pixels = HashWeights.tensor("pixels", pixelShape);
        TensorData texts = HashWeights.tensor("texts", Shape.of(models.trainedImages(), config.projectionSize()));
        try (Parameters owner = Parameters.trained()) {
            VisionTower vision = VisionTower.create(owner, config);
            HashWeights.fill(vision.parameters());
            measure(
                    rows,
                    "stage-2 step, %s, batch %d".formatted(models.trainedVisionName(), models.trainedImages()),
                    vision.parameters(),
                    StageLosses.images(vision),
                    List.of(pixels, texts),
                    VISION_RATE,
                    execution);
        }
    }

    private static void captions(Rows rows, Models models, Execution execution) {
        int captions = models.trainedCaptions()[0];
        int tokens = models.trainedCaptions()[1];
        try (Parameters owner = Parameters.trained();
                Parameters updates = Parameters.trained()) {
            Llama llama = Llama.encoder(owner, models.trainedLlama(), LlamaInitialization.STANDARD);
            HashWeights.fill(llama.parameters());
            llama.attachLora(updates, StageLosses.LORA);
            HashWeights.fill(updates.all());
            measure(
                    rows,
                    "stage-1 LoRA step, %s, %d x %d".formatted(models.trainedLlamaName(), captions, tokens),
                    llama.loraParameters(),
                    StageLosses.captions(llama, captions),
                    CaptionTensors.of(
                            Models.captions(
                                    captions, tokens, models.trainedLlama().vocabularySize()),
                            Pooling.MEAN),
                    LORA_RATE,
                    execution);
        }
    }

    private static void measure(
            Rows rows,
            String work,
            List<Parameter> trained,
            Function<List<Tensor>, Tensor> loss,
            List<TensorData> inputs,
            float rate,
            Execution execution) {
        try (AdamW optimizer = new AdamW(ParameterGroups.of(trained, 0), AdamW.Options.DEFAULT, execution.device());
                TrainStep step =
                        TrainStep.compile(loss, TrainStep.inputsLike(inputs), optimizer, execution.options())) {
            List<Float> losses = new ArrayList<>();
            Stopwatch watch = Stopwatch.measure(SECONDS, () -> losses.add(step.run(inputs, rate)));
            ObjectNode row = Rows.row(work)
                    .put("engine", "llm2clip")
                    .put("type", execution.options().precision().toString())
                    .put("value", watch.medianSeconds() * 1e3)
                    .put("unit", "ms")
                    .put("first_seconds", watch.firstSeconds())
                    .put("program_bytes", step.memory().total())
                    .put("tflops", step.flops() / watch.medianSeconds() / 1e12);
            ArrayNode compared = row.putArray("losses");
            losses.stream().limit(COMPARED).forEach(compared::add);
            rows.add(row);
        } catch (RuntimeException e) {
            rows.addFailure(work + ", " + execution.options().precision().toString(), e);
        }
    }
}
