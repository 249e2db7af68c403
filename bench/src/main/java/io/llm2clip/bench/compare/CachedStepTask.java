package io.llm2clip.bench.compare;

import io.llm2clip.bench.HashWeights;
import io.llm2clip.bench.StageLosses;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.EmbeddingBatch;
import io.llm2clip.nn.optimizer.EmbeddingLoss;
import io.llm2clip.nn.optimizer.GradientCache;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;

/** The training step of a vision tower that {@link StepTask} has, by gradient caching: a chunk of the batch at a time. */
final class CachedStepTask implements Task {
    private final Parameters owner = Parameters.trained();
    private final EmbeddingBatch batch;
    private final AdamW optimizer;
    private final GradientCache cache;
    private final float rate;

    CachedStepTask(Request request, Execution execution) {
        VisionTower vision = OwnModels.vision(request, owner);
        VisionConfig config = vision.config();
        int images = request.number("batch");
        rate = Float.parseFloat(request.text("rate"));
        batch = new Batch(
                HashWeights.tensor("pixels", Shape.of(images, 3, config.imageSize(), config.imageSize())),
                HashWeights.tensor("texts", Shape.of(images, config.projectionSize())));
        optimizer = new AdamW(ParameterGroups.of(vision.parameters(), 0), AdamW.Options.DEFAULT, execution.device());
        cache = new GradientCache(new Loss(vision), request.number("chunk"), optimizer, execution.options(), () -> {});
        cache.prepare(batch);
    }

    private record Batch(TensorData pixels, TensorData texts) implements EmbeddingBatch {
        @Override
        public int size() {
            return texts.shape().dim(0);
        }

        @Override
        public List<TensorData> inputs(int from, int to) {
            return List.of(pixels.rows(from, to));
        }

        @Override
        public List<TensorData> lossInputs() {
            return List.of(texts);
        }
    }

    private record Loss(VisionTower vision) implements EmbeddingLoss {
        @Override
        public List<Tensor> embed(List<Tensor> inputs, int examples) {
            return List.of(vision.embed(inputs.getFirst()));
        }

        @Override
        public Tensor loss(List<Tensor> embeddings, List<Tensor> inputs) {
            return StageLosses.images(embeddings.getFirst(), inputs.getFirst());
        }
    }

    @Override
    public void run() {
        cache.run(batch, rate);
    }

    @Override
    public float[] output() {
        float[] losses = new float[StepTask.COMPARED];
        for (int i = 0; i < losses.length; i++) {
            losses[i] = cache.run(batch, rate);
        }
        return losses;
    }

    /** Of the last run. */
    @Override
    public long flops() {
        return cache.flops();
    }

    @Override
    public String explain() {
        return "%,d bytes of workspace, %,d of inputs, outputs and embeddings%n"
                .formatted(cache.memory().workspace(), cache.memory().pinned());
    }

    @Override
    public void close() {
        cache.close();
        optimizer.close();
        owner.close();
    }
}
