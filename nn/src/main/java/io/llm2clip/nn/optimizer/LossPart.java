package io.llm2clip.nn.optimizer;

import io.llm2clip.nn.Blocks;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramMemory;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;
import java.util.function.Function;

/** A program that adds loss and gradients of a part of a batch to a {@link GradientAccumulator}. */
public final class LossPart implements AutoCloseable {
    private final LossInputs inputs;
    private final Program program;

    private LossPart(LossInputs inputs, Program program) {
        this.inputs = inputs;
        this.program = program;
    }

    /**
     * Compiles a part.
     *
     * @param loss builds the loss, of one element, from the inputs
     * @param inputs what will be fed to each run
     * @param accumulator to which each run adds
     */
    public static LossPart compile(
            Function<List<Tensor>, Tensor> loss, List<TrainStep.Input> inputs, GradientAccumulator accumulator) {
        LossInputs nodes = LossInputs.of(inputs);
        Tensor value = Blocks.buildStep(accumulator.execution().options().precision(), () -> loss.apply(nodes.nodes()));
        List<Tensor> gradients = Gradients.of(
                value,
                accumulator.optimizer().parameters().stream()
                        .map(Parameter::tensor)
                        .toList());
        return new LossPart(
                nodes, Program.compile(List.of(value), accumulator.add(value, gradients), accumulator.execution()));
    }

    /**
     * Adds loss and gradients.
     *
     * @param values one for each input, in order
     * @return the loss of this part; if it or a gradient is not finite, the step will not be made
     */
    public float run(List<TensorData> values) {
        inputs.feed(values, program);
        return program.run().getFirst().item();
    }

    /** Floating-point operations of a run. */
    public long flops() {
        return program.flops();
    }

    /** Memory of inputs and loss, and of values in between; parameters and sums are not in it. */
    public ProgramMemory memory() {
        return program.memory();
    }

    /** Frees the program; the accumulator stays open. */
    @Override
    public void close() {
        program.close();
    }
}
