package io.llm2clip.model;

import io.llm2clip.data.VectorTarget;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.CompiledFunction;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.MemorySegment;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Function;

/**
 * A compiled function over any number of items, batch by batch: the loop of all encoders. A batch's vectors go from the program's
 * memory straight to where the caller wants them.
 */
public final class BatchedFunction implements AutoCloseable {
    private final CompiledFunction function;
    private long flops;

    /**
     * Items that are computed at once.
     *
     * @param items their numbers
     * @param inputs of the function, whose first results are the items' in this order
     */
    public record Batch(int[] items, List<TensorData> inputs) {}

    /**
     * A function that is compiled when it is called.
     *
     * @param body builds the graph of vectors {@code [B, D]}, a row per item or more, from inputs
     * @param execution where and how it computes
     */
    public BatchedFunction(Function<List<Tensor>, Tensor> body, Execution execution) {
        this.function = new CompiledFunction(inputs -> List.of(body.apply(inputs)), execution);
    }

    /**
     * Computes the vectors of items in the order of their batches.
     *
     * @param batches each made when the one before is done
     * @param phase hears of each batch
     * @throws CancellationException if the thread is interrupted
     */
    public void run(Iterator<Batch> batches, VectorTarget target, Progress.Phase phase) {
        while (batches.hasNext()) {
            if (Thread.currentThread().isInterrupted()) {
                throw new CancellationException("Encoding was interrupted.");
            }
            Batch batch = batches.next();
            if (!function.isCompiled(batch.inputs)) {
                phase.preparing("compiling");
            }
            TensorData rows = function.run(batch.inputs).getFirst();
            MemorySegment vectors = rows.readOnly();
            flops += function.program(batch.inputs).flops();
            long bytes = vectors.byteSize() / rows.shape().dim(0);
            for (int i = 0; i < batch.items.length; i++) {
                target.accept(batch.items[i], vectors.asSlice(i * bytes, bytes));
            }
            phase.advance(batch.items.length);
        }
    }

    /** The same of items that are grouped already. */
    public void run(
            List<int[]> batches, Function<int[], List<TensorData>> inputs, VectorTarget target, Progress.Phase phase) {
        run(batches.stream().map(items -> new Batch(items, inputs.apply(items))).iterator(), target, phase);
    }

    /** Floating-point operations of everything computed so far. */
    public long flops() {
        return flops;
    }

    @Override
    public void close() {
        function.close();
    }
}
