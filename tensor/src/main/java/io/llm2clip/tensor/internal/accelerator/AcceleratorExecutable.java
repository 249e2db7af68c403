package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceStep;
import io.llm2clip.kernels.gpu.device.KernelDevice;
import io.llm2clip.kernels.gpu.device.OperationScratch;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.internal.compiler.Executable;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.compiler.StepObserver;
import io.llm2clip.tensor.internal.compiler.Target;
import io.llm2clip.tensor.internal.memory.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A plan on an accelerator: pinned values in ranges of its own, the others in the workspace, its kernels one launch recorded for
 * wherever that lies.
 */
final class AcceleratorExecutable implements Executable {
    private final Plan plan;
    private final KernelDevice device;
    private final AcceleratorMemory memory;
    private final Resources resources = new Resources();
    private final DeviceRanges ranges;
    private final PlanMemory pinned;
    private final IndexChecks checks;
    private final ScratchSize scratch;
    private final List<TensorData> updated;
    private final List<DeviceCopy> inputs = new ArrayList<>();
    private final List<DeviceCopy> outputs = new ArrayList<>();
    private final Workspace<PlanMemory>.Share share;
    private @Nullable PlanMemory bound;
    /** One of all kernels, or, where somebody looks at them, one for each of the plan's steps. */
    private List<LaunchSequence> recorded = List.of();

    private @Nullable StepObserver observer;

    AcceleratorExecutable(Plan plan, Target target, KernelDevice device, AcceleratorMemory memory) {
        this.plan = plan;
        this.device = device;
        this.memory = memory;
        updated = plan.updated();
        ranges = new DeviceRanges(memory);
        resources.add(ranges::close);
        scratch = new ScratchSize(plan.workspaceBytes(), target);
        checks = new IndexChecks(plan);
        try {
            pinned = PlanMemory.take(memory, plan.pinnedBytes(), memory.largestBytes());
            resources.add(() -> pinned.give(memory));
            for (int step = 0; step < plan.steps().size(); step++) {
                check(plan.steps().get(step));
                checks.add(step, ranges);
            }
            // As if everything in it were at one place: how much scratch memory is needed does not depend on where it
            // is.
            DeviceAddress anywhere = new DeviceAddress(0, 0);
            steps((_, _) -> anywhere, (dtype, elements) -> {
                scratch.need(dtype, elements);
                return anywhere;
            });
            share = memory.workspace().open(scratch.bytes());
            resources.add(() -> share.close(this::forget));
            share.run(this::bind);
        } catch (RuntimeException | Error e) {
            resources.closeAfter(e);
            throw e;
        }
    }

    private void check(Plan.Step step) {
        DeviceKernels.requireSupported(step.op());
        List<Operand> operands = step.op().operands();
        String what = step.op().name();
        for (int i = 0; i < operands.size(); i++) {
            DType found = dtype(step.operands().get(i));
            if (found != operands.get(i).dtype().stored() && !rounded(step, i)) {
                throw new TensorException(what + " of " + found + " elements cannot run on " + device.name()
                        + ", only of " + operands.get(i).dtype() + "; feed what it computes, or cast to F32 before.");
            }
        }
    }

    /** Whether a step takes an operand rounded: the first ones of a product are its factors. */
    private boolean rounded(Plan.Step step, int operand) {
        return operand < 2
                && device.rounds(step.op(), MatmulPrecisions.of(step.precision()))
                && step.operands().get(operand) instanceof Plan.Slot.InVariable;
    }

    private static DType dtype(Plan.Slot slot) {
        return switch (slot) {
            case Plan.Slot.Planned planned -> planned.dtype();
            case Plan.Slot.InVariable(TensorData variable, long _) ->
                variable.dtype().stored();
        };
    }

    /** Records the kernels for where the workspace lies now. */
    private void bind(PlanMemory workspace) {
        if (workspace.equals(bound)) {
            return;
        }
        forget();
        List<List<DeviceStep>> steps =
                steps(workspace::address, (dtype, _) -> workspace.address(dtype, scratch.start(dtype)));
        List<LaunchSequence> sequences = new ArrayList<>();
        recorded = sequences;
        if (observer == null) {
            sequences.add(device.record(steps.stream().flatMap(List::stream).toList()));
        } else {
            steps.forEach(step -> sequences.add(device.record(step)));
        }
        bound = workspace;
    }

    private void forget() {
        List<LaunchSequence> old = recorded;
        recorded = List.of();
        bound = null;
        Resources.closeAll(
                old.stream().map(sequence -> (Runnable) sequence::close).toList());
    }

    /** Where so many bytes into the workspace of a type are. */
    private interface Places {
        DeviceAddress address(DType dtype, long offset);
    }

    /** What the device does for each of the plan's steps. */
    private List<List<DeviceStep>> steps(Places workspace, OperationScratch operationScratch) {
        List<List<DeviceStep>> steps = new ArrayList<>();
        for (Plan.Step step : plan.steps()) {
            List<DeviceAddress> addresses = new ArrayList<>();
            boolean[] rounded = new boolean[step.operands().size()];
            for (int i = 0; i < rounded.length; i++) {
                rounded[i] = rounded(step, i);
                addresses.add(address(step.operands().get(i), rounded[i], workspace));
            }
            steps.add(device.steps(
                    step.op(), MatmulPrecisions.of(step.precision()), addresses, rounded, operationScratch));
        }
        return steps;
    }

    private DeviceAddress address(Plan.Slot slot, boolean rounded, Places workspace) {
        return switch (slot) {
            case Plan.Slot.InWorkspace(DType dtype, long at) -> workspace.address(dtype, at);
            case Plan.Slot.Pinned(DType dtype, long at) -> pinned.address(dtype, at);
            case Plan.Slot.InVariable(TensorData variable, long at) -> {
                DeviceAddress start = rounded
                        ? ranges.factor(variable)
                        : ranges.variable(variable).address();
                yield start.plus((int) (at / variable.dtype().arena().bytes()));
            }
        };
    }

    @Override
    public TensorData input(Plan.Slot.Pinned slot, Shape shape, DType dtype) {
        TensorData data = TensorData.allocate(shape, dtype);
        DeviceCopy copy = memory.copyAt(data, pinned.address(slot.dtype(), slot.offset()));
        inputs.add(copy);
        if (dtype == DType.I32) {
            checks.of(slot, shape.size()).forEach(copy::require);
        }
        return data;
    }

    @Override
    public TensorData output(Plan.Slot.Pinned slot, Shape shape, DType dtype) {
        TensorData data = new TensorData(shape, dtype);
        outputs.add(memory.copyAt(data, pinned.address(slot.dtype(), slot.offset())));
        return data;
    }

    /** Kernels are launched step by step from the next run on. */
    @Override
    public void observe(StepObserver added) {
        share.run(_ -> {
            observer = added;
            forget();
        });
    }

    @Override
    public void run() {
        share.run(workspace -> {
            bind(workspace);
            inputs.forEach(DeviceCopy::send);
            ranges.send();
            if (observer != null) {
                observer.begins();
            }
            try {
                for (int step = 0; step < recorded.size(); step++) {
                    recorded.get(step).run();
                    if (observer != null) {
                        look(observer, step, workspace);
                    }
                }
            } finally {
                // Also after a run that failed: what it has overwritten is on the device only.
                outputs.forEach(DeviceCopy::deviceWrote);
                updated.forEach(data -> ranges.variable(data).deviceWrote());
            }
        });
    }

    private void look(StepObserver by, int number, PlanMemory workspace) {
        Plan.Step step = plan.steps().get(number);
        try (Arena arena = Arena.ofConfined()) {
            by.ran(number, operand -> brought(step, operand, workspace, arena));
        }
    }

    /** An operand's elements as the kernel found or left them; of a factor that was rounded for it, before that. */
    private MemorySegment brought(Plan.Step step, int number, PlanMemory workspace, Arena arena) {
        Operand operand = step.op().operands().get(number);
        Plan.Slot slot = step.operands().get(number);
        if (rounded(step, number) && slot instanceof Plan.Slot.InVariable(TensorData variable, long at)) {
            return variable.readOnly().asSlice(at, operand.bytes());
        }
        MemorySegment elements = arena.allocate(operand.bytes(), Long.BYTES);
        device.download(operand.dtype().stored(), address(slot, false, workspace::address), elements);
        return elements;
    }

    @Override
    public void close() {
        share.close(() -> {
            outputs.forEach(DeviceCopy::free);
            Resources.closeAll(List.of(this::forget, () -> pinned.give(memory), ranges::close));
        });
    }
}
