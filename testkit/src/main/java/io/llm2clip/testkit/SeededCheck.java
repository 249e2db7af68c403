package io.llm2clip.testkit;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.gpu.emulator.Emulator;
import io.llm2clip.kernels.gpu.emulator.KernelFault;
import io.llm2clip.kernels.gpu.emulator.Schedule;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.gpu.launch.DeviceOp;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.IndexException;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.OperationException;
import io.llm2clip.kernels.reference.Reference;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.GradientCheck;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** One {@link OperationCheck}, of one seed: what was drawn, and what the reference makes of it. */
final class SeededCheck implements AutoCloseable {
    /** Of the device that gradients are computed on. */
    private static final long DEVICE_BYTES = 16 << 20;

    private final KernelOp op;
    private final double tolerance;
    private final long seed;
    private final Arena arena = Arena.ofShared();
    private final OperandMemory drawn;
    private final OperandMemory expected;

    /** Threads that are kept for all checks of a test run; loaded when the first one needs them. */
    private static final class Pools {
        static final List<Workers> ALL = List.of(new Workers(1), new Workers(3));
    }

    SeededCheck(KernelOp op, double tolerance, Map<String, ToDoubleFunction<RandomGenerator>> values, long seed) {
        this.op = op;
        this.tolerance = tolerance;
        this.seed = seed;
        try {
            drawn = OperandMemory.draw(op, arena, seed, values);
            expected = reference();
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** What the definition yields, which does not depend on what results held before. */
    private OperandMemory reference() {
        String where = "in its reference";
        OperandMemory once = drawn.copy(arena, OperandMemory.NEVER_WRITTEN);
        run(where, () -> Reference.run(op, once.segments()));
        OperandMemory again = drawn.copy(arena, OperandMemory.NEVER_WRITTEN_AGAIN);
        run(where, () -> Reference.run(op, again.segments()));
        require(where, Comparison.unwritten(once, again));
        require(where + ", run again", Comparison.difference(again, once, 0));
        return once;
    }

    /** On one thread and on several, twice each. */
    void cpu() {
        OperandMemory alone = null;
        for (Workers workers : Pools.ALL) {
            int threads = workers.threads();
            String where = "on the CPU with " + threads + (threads == 1 ? " thread" : " threads");
            OperandMemory found = cpu(where, workers);
            if (alone != null) {
                require(where + ", compared with 1 thread", Comparison.difference(found, alone, 0));
            }
            alone = found;
        }
    }

    private OperandMemory cpu(String where, Workers workers) {
        OperandMemory memory = drawn.copy(arena, OperandMemory.NEVER_WRITTEN);
        Launch launch = call(where, () -> CpuKernels.bind(op, memory.addresses(), workers));
        run(where, launch::run);
        require(where, memory.trespass(drawn));
        OperandMemory first = memory.snapshot(arena);
        memory.reset(drawn, OperandMemory.NEVER_WRITTEN_AGAIN);
        run(where, launch::run);
        require(where, memory.trespass(drawn));
        require(where, Comparison.unwritten(first, memory));
        require(where, Comparison.difference(first, expected, tolerance));
        require(where + ", run again", Comparison.difference(memory, first, 0));
        return first;
    }

    /** The class files of its kernels, and what these do in any order of work-items. */
    void device() {
        DevicePlan plan = call("planned for a device", () -> DeviceKernels.plan(op));
        plan.launches().stream()
                .map(launch -> launch.kernel().owner())
                .distinct()
                .forEach(this::lint);
        OperandMemory inOrder = null;
        for (Schedule schedule : List.of(Schedule.IN_ORDER, Schedule.shuffled(seed), Schedule.shuffled(~seed))) {
            String where =
                    "on the emulator " + (schedule.shuffled() ? "shuffled by seed " + schedule.seed() : "in order");
            OperandMemory found = drawn.copy(arena, OperandMemory.NEVER_WRITTEN);
            run(where, () -> new Emulator(schedule).run(plan, found.segments()));
            require(where, Comparison.difference(found, expected, tolerance));
            if (inOrder == null) {
                inOrder = found;
            } else {
                require(where + ", compared with in order", Comparison.difference(found, inOrder, 0));
            }
        }
    }

    /** Of the operation as a node of graphs, which other devices than the CPU compute, too. */
    void gradient(List<Shape> inputShapes, List<Shape> resultShapes) {
        List<Operand> inputs = op.inputs();
        TensorData[] point = new TensorData[inputs.size()];
        StringJoiner names = new StringJoiner(", ", "in its gradient (", ")");
        for (int i = 0; i < point.length; i++) {
            point[i] = new TensorData(inputShapes.get(i), inputs.get(i).dtype(), drawn.segment(i));
            names.add("input" + i + " is " + inputs.get(i).name());
        }
        GradientCheck check = GradientCheck.ofResults(
                        variables -> Tensor.kernel(op, resultShapes, variables.toArray(Tensor[]::new)))
                .withSeed(Long.hashCode(seed));
        run(names.toString(), () -> check.at(point));
        if (runsOnDevices()) {
            try (Device device = Device.emulated(DEVICE_BYTES)) {
                GradientCheck onDevice = check.on(new Execution(device, ProgramOptions.DEFAULT));
                run(names + " on an emulated device", () -> onDevice.at(point));
            }
        }
    }

    /** Whether anybody claims that it has kernels for devices. */
    boolean runsOnDevices() {
        return !(op instanceof CustomOp) || op instanceof DeviceOp;
    }

    private void lint(Class<?> kernels) {
        String where = "in the class file of its kernels";
        List<String> findings = call(where, () -> KernelLint.check(kernels));
        if (!findings.isEmpty()) {
            throw failure(where, String.join(" ", findings), null);
        }
    }

    private void run(String where, Runnable implementation) {
        call(where, () -> {
            implementation.run();
            return true;
        });
    }

    private <T> T call(String where, Supplier<T> implementation) {
        try {
            return implementation.get();
        } catch (KernelFault | OperationException | IndexException | AssertionError e) {
            throw failure(where, String.valueOf(e.getMessage()), e);
        } catch (RuntimeException | LinkageError | StackOverflowError e) {
            throw failure(where, "it throws " + e, e);
        }
    }

    private void require(String where, Optional<String> wrong) {
        if (wrong.isPresent()) {
            throw failure(where, wrong.get(), null);
        }
    }

    private AssertionError failure(String where, String what, @Nullable Throwable cause) {
        String sentence = what.endsWith(".") ? what : what + ".";
        return new AssertionError(
                op + " " + where + ": " + sentence + " It happens again with seed " + seed + ".", cause);
    }

    @Override
    public void close() {
        arena.close();
    }
}
