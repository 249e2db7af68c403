package io.llm2clip.nn.optimizer;

import io.llm2clip.kernels.Resources;
import io.llm2clip.nn.Blocks;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.Update;
import java.util.ArrayList;
import java.util.List;

/** What is done with a chunk of examples: embedded without a tape, and later with one, back from gradients of the embeddings. */
final class ChunkPrograms implements AutoCloseable {
    private final LossInputs inputs;
    private final List<Tensor> seeds = new ArrayList<>();
    private final List<Integer> sizes = new ArrayList<>();
    private final Program embed;
    private final Program backward;

    /**
     * Compiles for chunks of one size.
     *
     * @param like inputs of such a chunk
     */
    ChunkPrograms(EmbeddingLoss loss, List<TensorData> like, int examples, GradientAccumulator sums) {
        inputs = LossInputs.of(TrainStep.inputsLike(like));
        List<Tensor> embeddings =
                Blocks.buildStep(sums.execution().options().precision(), () -> loss.embed(inputs.nodes(), examples));
        Tensor product = Tensor.scalar(0);
        for (Tensor embedding : embeddings) {
            Tensor seed = Tensor.input("gradient" + seeds.size(), embedding.shape(), embedding.dtype());
            seeds.add(seed);
            sizes.add(embedding.shape().dim(1));
            product = product.add(embedding.mul(seed).sum());
        }
        // The derivative of the product with the seeds is the product with the Jacobian, of all embeddings in one pass.
        List<Tensor> gradients = Gradients.of(
                product,
                sums.optimizer().parameters().stream().map(Parameter::tensor).toList());
        List<Update> updates = sums.add(Tensor.scalar(0), gradients);
        Execution execution = sums.execution();
        embed = Program.compile(embeddings, execution);
        try {
            backward = Program.compile(List.of(), updates, execution);
        } catch (RuntimeException | Error e) {
            embed.close();
            throw e;
        }
    }

    /** Elements of each embedding of an example. */
    List<Integer> sizes() {
        return List.copyOf(sizes);
    }

    /** Embeddings of a chunk, valid until the next call. */
    List<TensorData> embed(List<TensorData> values) {
        inputs.feed(values, embed);
        return embed.run();
    }

    /**
     * Adds gradients of the parameters to the sums.
     *
     * @param values what the chunk was embedded from
     * @param gradients of its embeddings
     */
    void backward(List<TensorData> values, List<TensorData> gradients) {
        inputs.feed(values, backward);
        for (int i = 0; i < seeds.size(); i++) {
            if (backward.needs(seeds.get(i))) {
                backward.feed(seeds.get(i), gradients.get(i));
            }
        }
        backward.run();
    }

    Program embedding() {
        return embed;
    }

    Program backward() {
        return backward;
    }

    @Override
    public void close() {
        Resources.closeAll(List.of(embed::close, backward::close));
    }
}
