package io.llm2clip.tensor;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.Operand;
import io.llm2clip.kernels.vector.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A compiled graph with its memory. Feed the inputs, run, read the outputs; as often as needed.
 *
 * <p>All values live in one block that is allocated here and returned by {@link #close}. Not safe for use by several threads at
 * once: outputs are overwritten by the next run.
 */
public final class Program implements AutoCloseable {
    private final Plan plan;
    private final Arena arena = Arena.ofShared();
    private final Map<Tensor, TensorData> inputs = new HashMap<>();
    private final List<TensorData> outputs = new ArrayList<>();
    private final List<Launch> launches = new ArrayList<>();
    private final Set<MemorySegment> variables = new HashSet<>();
    // Variables are read where they lie, so they must live as long as the program.
    private final List<Tensor> roots;
    private boolean closed;

    private Program(List<Tensor> roots, Lowering.Lowered lowered, Executor executor) {
        this.roots = List.copyOf(roots);
        this.plan = lowered.plan();
        MemorySegment block = arena.allocate(Math.max(plan.arenaBytes(), 1), MemoryPlanner.ALIGNMENT);
        EngineMemory.allocated(plan.arenaBytes());
        lowered.inputs().forEach((tensor, slot) -> inputs.put(tensor, data(block, slot, tensor)));
        for (int i = 0; i < roots.size(); i++) {
            outputs.add(data(block, lowered.outputs().get(i), roots.get(i)));
        }
        for (Plan.Step step : plan.steps()) {
            List<MemorySegment> operands = new ArrayList<>();
            List<Operand> expected = step.op().operands();
            for (int i = 0; i < expected.size(); i++) {
                if (step.operands().get(i) instanceof Plan.Slot.External(MemorySegment variable, long _)) {
                    variables.add(variable);
                }
                operands.add(
                        segment(block, step.operands().get(i), expected.get(i).bytes()));
            }
            launches.add(executor.bind(step.op(), operands));
        }
    }

    /** Compiles for the CPU, with the shared pool of threads. */
    public static Program compile(List<Tensor> outputs) {
        return compile(outputs, Executor.vector(Workers.shared()));
    }

    /** Compiles what the outputs need, and nothing else. */
    public static Program compile(List<Tensor> outputs, Executor executor) {
        return new Program(outputs, Lowering.lower(outputs), executor);
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
        for (Launch launch : launches) {
            launch.run();
        }
        return List.copyOf(outputs);
    }

    /** Size of the block that holds every value but the variables, in bytes; known before the first run. */
    public long memoryBytes() {
        return plan.arenaBytes();
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
            arena.close();
            EngineMemory.released(plan.arenaBytes());
        }
    }

    /** Kernels get bare addresses, so freed variables must be noticed here. */
    private void requireVariables() {
        for (MemorySegment variable : variables) {
            if (!variable.scope().isAlive()) {
                throw new IllegalStateException("A variable of " + variable.byteSize()
                        + " bytes was freed while a program still reads it; close the program first.");
            }
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("The program of " + roots.size() + " outputs is closed; compile it again.");
        }
    }

    private static TensorData data(MemorySegment block, Plan.Slot slot, Tensor tensor) {
        long bytes = (long) tensor.shape().size() * tensor.dtype().bytes();
        return new TensorData(tensor.shape(), tensor.dtype(), segment(block, slot, bytes));
    }

    private static MemorySegment segment(MemorySegment block, Plan.Slot slot, long bytes) {
        return switch (slot) {
            case Plan.Slot.InArena(long offset) -> block.asSlice(offset, bytes);
            case Plan.Slot.External(MemorySegment external, long offset) -> external.asSlice(offset, bytes);
        };
    }
}
