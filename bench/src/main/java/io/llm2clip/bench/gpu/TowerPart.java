package io.llm2clip.bench.gpu;

import io.llm2clip.bench.HashWeights;
import io.llm2clip.kernels.DType;
import io.llm2clip.model.CaptionTensors;
import io.llm2clip.model.Llama;
import io.llm2clip.model.LlamaInitialization;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameters;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.Pooling;
import io.llm2clip.text.TokenBatch;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Images and tokens per second of the towers at true shapes, and the first vector that they give, to be compared. */
final class TowerPart {
    private static final double SECONDS = 1;

    private TowerPart() {}

    public static void main(String[] arguments) {
        PartOptions options = PartOptions.parse(arguments);
        Models models = Models.of(options.small());
        try (Rows rows = new Rows(options.rows());
                Parameters visionOwner = Parameters.frozen();
                Parameters textOwner = Parameters.frozen()) {
            VisionTower vision = VisionTower.create(visionOwner, models.vision());
            Llama llama = Llama.encoder(textOwner, models.llama(), LlamaInitialization.STANDARD);
            HashWeights.fill(vision.parameters());
            HashWeights.fill(llama.parameters());
            for (Precision precision : options.target().precisions()) {
                options.target().with(precision, execution -> {
                    for (int batch : models.imageBatches()) {
                        images(rows, models, vision, batch, execution);
                    }
                    for (int[] captions : models.captionBatches()) {
                        captions(rows, models, llama, captions[0], captions[1], execution);
                    }
                });
            }
        }
    }

    private static void images(Rows rows, Models models, VisionTower vision, int batch, Execution execution) {
        VisionConfig config = vision.config();
        Shape shape = Shape.of(batch, 3, config.imageSize(), config.imageSize());
        Tensor pixels = Tensor.input("pixels", shape, DType.F32);
        measure(
                rows,
                models.visionName() + " batch " + batch,
                vision.embed(pixels),
                Map.of(pixels, HashWeights.tensor("pixels", shape)),
                batch,
                "images/s",
                execution);
    }

    private static void captions(Rows rows, Models models, Llama llama, int batch, int tokens, Execution execution) {
        TokenBatch captions = Models.captions(batch, tokens, models.llama().vocabularySize());
        Map<Tensor, TensorData> feeds = new LinkedHashMap<>();
        for (TensorData data : CaptionTensors.of(captions, Pooling.MEAN)) {
            feeds.put(Tensor.input("input" + feeds.size(), data.shape(), data.dtype()), data);
        }
        measure(
                rows,
                models.llamaName() + " " + batch + " x " + tokens,
                CaptionTensors.pooled(llama, List.copyOf(feeds.keySet()), false),
                feeds,
                batch * tokens,
                "tokens/s",
                execution);
    }

    private static void measure(
            Rows rows,
            String work,
            Tensor vectors,
            Map<Tensor, TensorData> feeds,
            int units,
            String unit,
            Execution execution) {
        try (Program program = Program.compile(List.of(vectors), execution)) {
            feeds.forEach(program::feed);
            Stopwatch watch = Stopwatch.measure(SECONDS, program::run);
            double whole = Stopwatch.seconds(() -> {
                feeds.forEach(program::feed);
                program.run().getFirst().toFloats();
            });
            float[] all = program.run().getFirst().toFloats();
            ObjectNode row = Rows.row(work)
                    .put("engine", "llm2clip")
                    .put("type", execution.options().precision().toString())
                    .put("value", units / watch.medianSeconds())
                    .put("unit", unit)
                    .put("first_seconds", watch.firstSeconds())
                    .put("with_transfers", units / whole)
                    .put("program_bytes", program.memory().total())
                    .put("tflops", program.flops() / watch.medianSeconds() / 1e12);
            ArrayNode output = row.putArray("output");
            for (float value : Arrays.copyOf(all, vectors.shape().dim(1))) {
                output.add(value);
            }
            rows.add(row);
        } catch (RuntimeException e) {
            rows.addFailure(work + ", " + execution.options().precision().toString(), e);
        }
    }
}
