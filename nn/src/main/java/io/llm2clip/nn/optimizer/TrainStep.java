package io.llm2clip.nn.optimizer;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramMemory;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * One step of training, compiled once for given shapes: loss, gradients of the optimizer's parameters, update. Several steps, for
 * batches of different shapes, may share an optimizer.
 */
public final class TrainStep implements AutoCloseable {

    /** Name, shape and type of what is fed. */
    public record Input(String name, Shape shape, DType dtype) {}

    private final List<Tensor> inputs;
    private final Program program;
    private final AdamW optimizer;
    private float gradientNorm;

    private TrainStep(List<Tensor> inputs, Program program, AdamW optimizer) {
        this.inputs = inputs;
        this.program = program;
        this.optimizer = optimizer;
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
        List<Tensor> nodes = inputs.stream()
                .map(input -> Tensor.input(input.name, input.shape, input.dtype))
                .toList();
        Tensor value = loss.apply(nodes);
        List<Tensor> outputs = new ArrayList<>();
        outputs.add(value);
        outputs.addAll(Gradients.of(
                value, optimizer.parameters().stream().map(Parameter::tensor).toList()));
        return new TrainStep(nodes, Program.compile(outputs, new Execution(optimizer.device(), options)), optimizer);
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
        if (values.size() != inputs.size()) {
            throw new IllegalArgumentException("Training step of " + inputs.size() + " inputs with " + values.size()
                    + " values; expected one each.");
        }
        for (int i = 0; i < values.size(); i++) {
            if (program.needs(inputs.get(i))) {
                program.feed(inputs.get(i), values.get(i));
            }
        }
        List<TensorData> results = program.run();
        float loss = results.getFirst().item();
        if (!Float.isFinite(loss)) {
            throw new NonFiniteStepException("the loss");
        }
        gradientNorm = optimizer.step(results.subList(1, results.size()), learningRate);
        return loss;
    }

    /** Global norm of the last run's gradients, before clipping. */
    public float gradientNorm() {
        return gradientNorm;
    }

    /** Floating-point operations of loss and gradients. */
    public long flops() {
        return program.flops();
    }

    /** Memory of inputs, loss and gradients, and of intermediate values; parameters and optimizer state are not in it. */
    public ProgramMemory memory() {
        return program.memory();
    }

    /** Frees the program; the optimizer stays open. */
    @Override
    public void close() {
        program.close();
    }
}
