package io.llm2clip.nn.optimizer;

import io.llm2clip.kernels.Resources;
import io.llm2clip.nn.Limit;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramCache;
import io.llm2clip.tensor.ProgramMemory;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Steps of training with batches of any size in the memory of a chunk, by gradient caching (GradCache, Gao et al. 2021): all examples are
 * embedded by chunks, without keeping what a backward pass reads; loss and gradients of the embeddings are computed of the whole batch;
 * then each chunk is embedded again, with its part of these gradients as the seed of the backward pass. Gradients are those of the
 * whole batch in one program, but for the order of sums; embedding takes twice the forward passes.
 *
 * <p>It holds a float for each element of the optimizer's parameters.
 */
public final class GradientCache implements AutoCloseable {
    private final EmbeddingLoss loss;
    private final int chunk;
    private final Runnable compiling;
    private final GradientAccumulator sums;
    private final ProgramCache<List<?>, ChunkPrograms> chunks =
            new ProgramCache<>(GradientCache::pinned, ChunkPrograms::close);
    private final ProgramCache<List<?>, WholeLoss> losses =
            new ProgramCache<>(whole -> whole.program().memory().pinned(), WholeLoss::close);
    private long flops;

    /**
     * Steps of an optimizer; programs are compiled as batches need them.
     *
     * @param chunk most examples that are embedded at a time
     * @param options how programs are compiled
     * @param compiling is called before a program is compiled, which may take seconds
     */
    public GradientCache(EmbeddingLoss loss, int chunk, AdamW optimizer, ProgramOptions options, Runnable compiling) {
        Limit.COUNT.require("chunk", chunk);
        this.loss = loss;
        this.chunk = chunk;
        this.compiling = compiling;
        this.sums = new GradientAccumulator(optimizer, options);
    }

    /**
     * Makes a step.
     *
     * @return the loss before the update
     * @throws NonFiniteStepException if the loss or a gradient is not finite; then neither parameters nor optimizer have changed
     */
    public float run(EmbeddingBatch batch, float learningRate) {
        flops = 0;
        try {
            WholeLoss whole = embed(batch);
            float value = whole.run(batch.lossInputs());
            flops += whole.program().flops();
            if (Float.isFinite(value)) {
                backward(batch, whole);
            }
            // A loss that is not finite is refused there.
            return sums.step(learningRate, 1);
        } catch (NonFiniteStepException e) {
            throw e;
        } catch (RuntimeException | Error e) {
            sums.clear();
            throw e;
        }
    }

    private WholeLoss embed(EmbeddingBatch batch) {
        @Nullable WholeLoss whole = null;
        for (int from = 0; from < batch.size(); from += chunk) {
            int to = end(batch, from);
            List<TensorData> inputs = batch.inputs(from, to);
            ChunkPrograms programs = programs(inputs, to - from);
            whole = whole == null ? whole(batch, programs) : whole;
            whole.put(from, programs.embed(inputs));
            flops += programs.embedding().flops();
        }
        return Objects.requireNonNull(whole, "an example at least");
    }

    private void backward(EmbeddingBatch batch, WholeLoss whole) {
        for (int from = 0; from < batch.size(); from += chunk) {
            int to = end(batch, from);
            List<TensorData> inputs = batch.inputs(from, to);
            ChunkPrograms programs = programs(inputs, to - from);
            programs.backward(inputs, whole.gradients(from, to));
            flops += programs.backward().flops();
        }
    }

    private int end(EmbeddingBatch batch, int from) {
        return Math.min(batch.size(), from + chunk);
    }

    private ChunkPrograms programs(List<TensorData> inputs, int examples) {
        List<Object> key = new ArrayList<>(shapes(inputs));
        key.add(examples);
        return chunks.get(key, () -> {
            compiling.run();
            return new ChunkPrograms(loss, inputs, examples, sums);
        });
    }

    private WholeLoss whole(EmbeddingBatch batch, ChunkPrograms programs) {
        List<Shape> embeddings = programs.sizes().stream()
                .map(size -> Shape.of(batch.size(), size))
                .toList();
        List<TensorData> others = batch.lossInputs();
        return losses.get(List.of(embeddings, shapes(others)), () -> {
            compiling.run();
            return new WholeLoss(loss, embeddings, others, sums);
        });
    }

    private static List<Shape> shapes(List<TensorData> values) {
        return values.stream().map(TensorData::shape).toList();
    }

    /** Global norm of the gradients of the last step that was made, before clipping. */
    public float gradientNorm() {
        return sums.gradientNorm();
    }

    /** Floating-point operations of the last step. */
    public long flops() {
        return flops;
    }

    /**
     * Compiles what the first chunk of a batch needs and the loss of all of it, if that is not yet done. Where inputs of chunks differ in
     * shape, others may need more.
     */
    public void prepare(EmbeddingBatch batch) {
        int to = end(batch, 0);
        whole(batch, programs(batch.inputs(0, to), to));
    }

    /**
     * Memory of all programs compiled so far, which take turns in the workspace, and of embeddings. Parameters, sums of gradients and
     * optimizer state are not in it.
     */
    public ProgramMemory memory() {
        List<ProgramMemory> all = Stream.concat(
                        chunks.all().stream().flatMap(chunk -> Stream.of(chunk.embedding(), chunk.backward())),
                        losses.all().stream().map(WholeLoss::program))
                .map(Program::memory)
                .toList();
        long embeddings =
                losses.all().stream().mapToLong(WholeLoss::embeddingBytes).sum();
        return new ProgramMemory(
                embeddings + all.stream().mapToLong(ProgramMemory::pinned).sum(),
                all.stream().mapToLong(ProgramMemory::workspace).max().orElse(0));
    }

    private static long pinned(ChunkPrograms programs) {
        return programs.embedding().memory().pinned()
                + programs.backward().memory().pinned();
    }

    /** Frees programs and sums; the optimizer stays open. */
    @Override
    public void close() {
        Resources.closeAll(List.of(losses::close, chunks::close, sums::close));
    }
}
