package io.llm2clip.tensor.internal.engine;

import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramMemory;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.Update;
import io.llm2clip.tensor.internal.compiler.Executable;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.compiler.PlanDevice;
import io.llm2clip.tensor.internal.compiler.PlanText;
import io.llm2clip.tensor.internal.compiler.StepObserver;
import io.llm2clip.tensor.internal.graph.UnfedInputs;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A plan loaded into a device, with the memory of its inputs and outputs. */
public final class CompiledProgram implements Program {
    private final PlanDevice device;
    private final Plan plan;
    private final Executable executable;
    private final @Nullable KernelTimes times;
    private final Map<Tensor, TensorData> inputs = new HashMap<>();
    private final Set<Tensor> unfed;
    private final List<TensorData> outputs = new ArrayList<>();
    private final List<TensorData> variables;
    private final List<TensorData> updated;
    // Variables are read and written where they lie, so they must live as long as the program.
    private final List<Tensor> roots;
    private final List<Update> updates;
    private volatile boolean closed;
    private volatile boolean ran;

    CompiledProgram(List<Tensor> roots, List<Update> updates, Plan plan, PlanDevice device, ProgramOptions options) {
        this.roots = List.copyOf(roots);
        this.updates = List.copyOf(updates);
        this.device = device;
        this.plan = plan;
        this.variables = plan.variables();
        this.updated = plan.updated();
        times = options.timed() ? new KernelTimes(plan) : null;
        unfed = new HashSet<>(plan.inputs().keySet());
        executable = device.load(plan);
        try {
            observe(options);
            plan.inputs()
                    .forEach((tensor, slot) ->
                            inputs.put(tensor, executable.input(slot, tensor.shape(), tensor.dtype())));
            for (int i = 0; i < roots.size(); i++) {
                Tensor root = roots.get(i);
                outputs.add(executable.output(plan.outputs().get(i), root.shape(), root.dtype()));
            }
        } catch (RuntimeException | Error e) {
            executable.close();
            throw e;
        }
    }

    private void observe(ProgramOptions options) {
        List<StepObserver> observers = new ArrayList<>();
        if (times != null) {
            observers.add(times);
        }
        if (options.nanCheck()) {
            observers.add(new NanCheck(plan));
        }
        if (!observers.isEmpty()) {
            executable.observe(StepObserver.of(observers));
        }
    }

    @Override
    public void feed(Tensor input, TensorData value) {
        requireOpen();
        TensorData target = inputs.get(input);
        if (target == null) {
            throw new TensorException(
                    "This program has no input " + input.label() + "; feed only inputs that its outputs depend on.");
        }
        target.copyFrom(value);
        unfed.remove(input);
    }

    @Override
    public boolean needs(Tensor input) {
        return inputs.containsKey(input);
    }

    @Override
    public List<TensorData> run() {
        requireOpen();
        UnfedInputs.refuse(unfed);
        requireVariables();
        executable.run();
        ran = true;
        return List.copyOf(outputs);
    }

    @Override
    public ProgramMemory memory() {
        return plan.memory();
    }

    @Override
    public long flops() {
        return plan.flops();
    }

    @Override
    public String explain() {
        return "Program for " + device.name() + "\n" + (times == null ? "" : times.table() + "\n")
                + PlanText.of(plan, device.target());
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("Program on " + device.name());
        if (closed) {
            return text.append(", closed").toString();
        }
        int kernels = plan.steps().size();
        text.append(String.format(
                Locale.ROOT,
                ": %d kernel%s, %,d floating-point operations, %,d bytes",
                kernels,
                kernels == 1 ? "" : "s",
                flops(),
                memory().total()));
        inputs.keySet().stream()
                .sorted(Comparator.comparingLong(Tensor::id))
                .forEach(input -> text.append("\n  input ").append(describe(input)));
        for (int i = 0; i < outputs.size(); i++) {
            TensorData output = outputs.get(i);
            text.append("\n  output ").append(i).append(' ');
            text.append(ran ? output : output.dtype() + " " + output.shape() + ", not computed");
        }
        return text.toString();
    }

    private String describe(Tensor input) {
        return unfed.contains(input)
                ? input.label() + ", not fed"
                : "'" + ((Operation.Input) input.operation()).name() + "' " + inputs.get(input);
    }

    /** The kernels, in order of execution. */
    public Plan plan() {
        return plan;
    }

    @Override
    public void close() {
        if (!closed) {
            executable.close();
            closed = true;
        }
    }

    /** Kernels get bare addresses, so freed variables must be noticed here. */
    private void requireVariables() {
        for (TensorData variable : variables) {
            if (!variable.isAlive()) {
                throw new IllegalStateException("A variable " + variable.dtype() + " " + variable.shape()
                        + " was freed while a program still reads it; close the program first.");
            }
        }
        for (TensorData variable : updated) {
            if (variable.isFrozen()) {
                throw new TensorException("A variable " + variable.dtype() + " " + variable.shape()
                        + " that this program updates: expected elements that may change, found them frozen since it"
                        + " was compiled; freeze them after its last run.");
            }
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("The program of " + roots.size() + " outputs"
                    + (updates.isEmpty() ? "" : " and " + updates.size() + " updates")
                    + " is closed; compile it again.");
        }
    }
}
