package io.llm2clip.bench.compare;

import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;

/** A program with its inputs, run as it is. */
final class ProgramTask implements Task {
    private final Program program;
    private final AutoCloseable weights;

    /** @param weights closed with the task */
    ProgramTask(List<Tensor> outputs, Map<Tensor, TensorData> feeds, AutoCloseable weights, Execution execution) {
        this.weights = weights;
        program = Program.compile(outputs, execution);
        feeds.forEach(program::feed);
    }

    @Override
    public void run() {
        program.run();
    }

    @Override
    public float[] output() {
        List<float[]> parts = program.run().stream().map(TensorData::toFloats).toList();
        FloatBuffer all = FloatBuffer.allocate(
                parts.stream().mapToInt(part -> part.length).sum());
        parts.forEach(all::put);
        return all.array();
    }

    @Override
    public long flops() {
        return program.flops();
    }

    @Override
    public String explain() {
        return program.explain();
    }

    @Override
    public void close() {
        program.close();
        OwnTasks.close(weights);
    }
}
