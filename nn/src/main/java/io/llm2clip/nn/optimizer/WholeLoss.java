package io.llm2clip.nn.optimizer;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Resources;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.MemoryBlock;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** The loss of a whole batch by its embeddings: gradients of these, and of the parameters that it depends on without them. */
final class WholeLoss implements AutoCloseable {
    private final LossInputs inputs;
    private final List<TensorData> embeddings = new ArrayList<>();
    private final MemoryBlock memory;
    private final Program program;
    // Those of the last run.
    private List<TensorData> gradients = List.of();

    /**
     * Compiles for batches of one size.
     *
     * @param shapes {@code [B, E]} of each embedding
     * @param like what else the loss reads
     */
    WholeLoss(EmbeddingLoss loss, List<Shape> shapes, List<TensorData> like, GradientAccumulator sums) {
        inputs = LossInputs.of(TrainStep.inputsLike(like));
        memory =
                MemoryBlock.allocate(shapes.stream().mapToLong(WholeLoss::bytes).sum(), "a batch's embeddings");
        try {
            List<Tensor> nodes = new ArrayList<>();
            long start = 0;
            for (Shape shape : shapes) {
                TensorData rows =
                        new TensorData(shape, DType.F32, memory.segment().asSlice(start, bytes(shape)));
                embeddings.add(rows);
                nodes.add(Tensor.variable("embeddings", rows));
                start += bytes(shape);
            }
            Tensor value = loss.loss(nodes, inputs.nodes());
            List<Tensor> all = new ArrayList<>(nodes);
            sums.optimizer().parameters().stream().map(Parameter::tensor).forEach(all::add);
            List<Tensor> derived = Gradients.of(value, all);
            List<Tensor> outputs = new ArrayList<>(List.of(value));
            outputs.addAll(derived.subList(0, nodes.size()));
            program = Program.compile(
                    outputs, sums.add(value, derived.subList(nodes.size(), derived.size())), sums.execution());
        } catch (RuntimeException | Error e) {
            memory.close();
            throw e;
        }
    }

    private static long bytes(Shape shape) {
        return (long) Float.BYTES * shape.size();
    }

    /** Takes the embeddings of examples {@code from ..}. */
    void put(int from, List<TensorData> rows) {
        for (int i = 0; i < embeddings.size(); i++) {
            MemorySegment source = rows.get(i).readOnly();
            long start = (long) Float.BYTES * from * rows.get(i).shape().dim(1);
            embeddings.get(i).segment().asSlice(start, source.byteSize()).copyFrom(source);
        }
    }

    /** Computes the loss of all embeddings, and adds it to the sums. */
    float run(List<TensorData> values) {
        inputs.feed(values, program);
        List<TensorData> results = program.run();
        gradients = results.subList(1, results.size());
        return results.getFirst().item();
    }

    /** Gradients of the embeddings of examples {@code from .. to - 1} in the last run. */
    List<TensorData> gradients(int from, int to) {
        return gradients.stream().map(all -> all.rows(from, to)).toList();
    }

    Program program() {
        return program;
    }

    /** Bytes of the embeddings, which the program reads where they lie. */
    long embeddingBytes() {
        return memory.segment().byteSize();
    }

    @Override
    public void close() {
        Resources.closeAll(List.of(program::close, memory::close));
    }
}
