package io.llm2clip.training;

import io.llm2clip.nn.Dropout;
import io.llm2clip.nn.optimizer.EmbeddingBatch;
import io.llm2clip.nn.optimizer.EmbeddingLoss;
import io.llm2clip.tensor.RandomTensors;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;

/**
 * A loss whose layers drop a part of their inputs. What is dropped depends on the seed, the step, the layer and the first example of a
 * chunk: so both passes over a chunk, and a training that goes on later, drop the same.
 *
 * @param loss whose embeddings are computed with dropout
 * @param seed of the random numbers
 */
record DroppingLoss(EmbeddingLoss loss, long seed) implements EmbeddingLoss {
    /** Examples of a batch are fewer, {@link io.llm2clip.nn.Limit#CONTRASTIVE_BATCH}. */
    private static final int EXAMPLE_BITS = 15;

    @Override
    public List<Tensor> embed(List<Tensor> inputs, int examples) {
        RandomTensors random = new RandomTensors(seed, inputs.getLast());
        return Dropout.build(random, () -> loss.embed(inputs.subList(0, inputs.size() - 1), examples));
    }

    @Override
    public Tensor loss(List<Tensor> embeddings, List<Tensor> inputs) {
        return loss.loss(embeddings, inputs);
    }

    /** What random numbers are drawn by, at a step, for examples from this one on. */
    static TensorData draw(int step, int from) {
        return TensorData.ofInts(Shape.of(1), (step << EXAMPLE_BITS) + from);
    }

    /** The batch of a step with what such a loss reads besides. */
    record Batch(EmbeddingBatch batch, int step) implements EmbeddingBatch {
        @Override
        public int size() {
            return batch.size();
        }

        @Override
        public List<TensorData> inputs(int from, int to) {
            List<TensorData> inputs = new ArrayList<>(batch.inputs(from, to));
            inputs.add(draw(step, from));
            return inputs;
        }

        @Override
        public List<TensorData> lossInputs() {
            return batch.lossInputs();
        }
    }
}
