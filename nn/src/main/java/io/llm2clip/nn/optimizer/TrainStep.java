package io.llm2clip.nn.optimizer;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.Blocks;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.ProgramMemory;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * One step of training, compiled once for given shapes to one program: loss, gradients of the optimizer's parameters, update. Several
 * steps, for batches of different shapes, may share an optimizer and take turns.
 */
public final class TrainStep implements AutoCloseable {

    /** Name, shape and type of what is fed. */
    public record Input(String name, Shape shape, DType dtype) {}

    private final LossInputs inputs;
    private final OptimizerProgram program;

    private TrainStep(LossInputs inputs, OptimizerProgram program) {
        this.inputs = inputs;
        this.program = program;
    }

    /**
     * Compiles a step.
     *
     * @param loss builds the loss, of one element, from the inputs
     * @param inputs what will be fed to each run
     * @param optimizer whose parameters are trained, on its device; everything else stays as it is
     * @param options how to compile
     */
    public static TrainStep compile(
            Function<List<Tensor>, Tensor> loss, List<Input> inputs, AdamW optimizer, ProgramOptions options) {
        LossInputs nodes = LossInputs.of(inputs);
        Tensor value = Blocks.buildStep(options.precision(), () -> loss.apply(nodes.nodes()));
        List<Tensor> gradients = Gradients.of(
                value, optimizer.parameters().stream().map(Parameter::tensor).toList());
        return new TrainStep(
                nodes, new OptimizerProgram(optimizer, value, gradients, Tensor.scalar(1), List.of(), options));
    }

    /** Inputs of the shapes and types of given values. */
    public static List<Input> inputsLike(List<TensorData> values) {
        List<Input> inputs = new ArrayList<>();
        for (TensorData value : values) {
            inputs.add(new Input("input" + inputs.size(), value.shape(), value.dtype()));
        }
        return inputs;
    }

    /**
     * Runs one step.
     *
     * @param values one for each input, in order
     * @return the loss before the update
     * @throws NonFiniteStepException if the loss or a gradient is not finite; then neither parameters nor optimizer have changed
     */
    public float run(List<TensorData> values, float learningRate) {
        inputs.feed(values, program.program());
        return program.run(learningRate);
    }

    /** Global norm of the gradients of the last step that was made, before clipping. */
    public float gradientNorm() {
        return program.norm();
    }

    /** Floating-point operations of a step. */
    public long flops() {
        return program.program().flops();
    }

    /** Memory of inputs and loss, and of values in between, gradients included; parameters and optimizer state are not in it. */
    public ProgramMemory memory() {
        return program.program().memory();
    }

    /** What a step does, kernel by kernel, as {@link io.llm2clip.tensor.Program#explain}. */
    public String explain() {
        return program.program().explain();
    }

    /** Frees the program; the optimizer stays open. */
    @Override
    public void close() {
        program.close();
    }
}
