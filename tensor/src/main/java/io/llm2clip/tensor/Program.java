package io.llm2clip.tensor;

import io.llm2clip.kernels.JavaRuntime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A compiled graph with its memory. Feed the inputs, run, read the outputs; as often as needed.
 *
 * <p>The values' memory is allocated here and returned by {@link #close}. Not safe for use by several threads at
 * once: outputs are overwritten by the next run.
 */
public final class Program implements AutoCloseable {
    private final Plan plan;
    private final Executable executable;
    private final Map<Tensor, TensorData> inputs = new HashMap<>();
    private final List<TensorData> outputs = new ArrayList<>();
    private final List<TensorData> variables;
    // Variables are read where they lie, so they must live as long as the program.
    private final List<Tensor> roots;
    private boolean closed;

    private Program(List<Tensor> roots, Lowering.Lowered lowered, Device device) {
        this.roots = List.copyOf(roots);
        this.plan = lowered.plan();
        this.variables = plan.variables();
        executable = device.load(plan);
        try {
            lowered.inputs()
                    .forEach((tensor, slot) ->
                            inputs.put(tensor, executable.input(slot, tensor.shape(), tensor.dtype())));
            for (int i = 0; i < roots.size(); i++) {
                Tensor root = roots.get(i);
                outputs.add(executable.output(lowered.outputs().get(i), root.shape(), root.dtype()));
            }
        } catch (RuntimeException | Error e) {
            executable.close();
            throw e;
        }
    }

    /** Compiles for the standard device. */
    public static Program compile(List<Tensor> outputs) {
        return compile(outputs, Device.standard());
    }

    /**
     * Compiles what the outputs need, and nothing else.
     *
     * @throws IllegalStateException if the Java runtime lacks what kernels need
     */
    public static Program compile(List<Tensor> outputs, Device device) {
        JavaRuntime.require();
        return new Program(outputs, Lowering.lower(outputs), device);
    }

    /**
     * Copies a value into an input. It stays until fed again.
     *
     * @throws TensorException if the program has no such input or its shape or type differs
     */
    public void feed(Tensor input, TensorData value) {
        requireOpen();
        TensorData target = inputs.get(input);
        if (target == null) {
            throw new TensorException("This program has no input " + input.operation() + " " + input
                    + "; feed only inputs that its outputs depend on.");
        }
        target.copyFrom(value);
    }

    /** Whether the outputs depend on this input, so that it can be fed. */
    public boolean needs(Tensor input) {
        return inputs.containsKey(input);
    }

    /** Runs all kernels; returns the outputs, which the next run overwrites. */
    public List<TensorData> run() {
        requireOpen();
        requireVariables();
        executable.run();
        return List.copyOf(outputs);
    }

    /** Memory of every value but the variables, in bytes; known before the first run. */
    public long memoryBytes() {
        return plan.totalBytes();
    }

    /** Floating-point operations of one run, counted from the kernels' dimensions. */
    public long flops() {
        return plan.flops();
    }

    /** The kernels, in order of execution. */
    Plan plan() {
        return plan;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            executable.close();
        }
    }

    /** Kernels get bare addresses, so freed variables must be noticed here. */
    private void requireVariables() {
        for (TensorData variable : variables) {
            if (!variable.isAlive()) {
                throw new IllegalStateException(
                        "A variable of " + variable.memory().byteSize()
                                + " bytes was freed while a program still reads it; close the program first.");
            }
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("The program of " + roots.size() + " outputs is closed; compile it again.");
        }
    }
}
