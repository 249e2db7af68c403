package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.gpu.tornado.DeviceStep;
import io.llm2clip.kernels.gpu.tornado.OperationScratch;
import io.llm2clip.kernels.gpu.tornado.TornadoDevice;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.internal.compiler.Executable;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.graph.Graph;
import io.llm2clip.tensor.internal.memory.Workspace;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A plan on an accelerator: pinned values in ranges of its own, the others in the workspace, its kernels one launch recorded for
 * wherever that lies.
 */
final class AcceleratorExecutable implements Executable {
    private final Plan plan;
    private final TornadoDevice device;
    private final AcceleratorMemory memory;
    private final Resources resources = new Resources();
    private final DeviceRanges ranges;
    private final Map<DType, Integer> pinned = new EnumMap<>(DType.class);
    private final IndexChecks checks = new IndexChecks();
    private final ScratchSize scratch;
    private final List<DeviceCopy> inputs = new ArrayList<>();
    private final List<DeviceCopy> outputs = new ArrayList<>();
    private final Workspace<DeviceWorkspace.Place>.Share share;
    private DeviceWorkspace.@Nullable Place bound;
    private @Nullable LaunchSequence recorded;

    AcceleratorExecutable(Plan plan, TornadoDevice device, AcceleratorMemory memory) {
        this.plan = plan;
        this.device = device;
        this.memory = memory;
        ranges = new DeviceRanges(memory);
        resources.add(ranges::close);
        scratch = new ScratchSize(plan);
        try {
            plan.pinnedBytes().forEach((dtype, bytes) -> pinned.put(dtype, ranges.take(dtype, bytes / dtype.bytes())));
            plan.steps().forEach(this::check);
            // As if the workspace were at the start of every arena: how much scratch memory is needed does not depend
            // on where it is.
            steps(_ -> 0, scratch::need);
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
        String what = step.op().getClass().getSimpleName();
        for (int i = 0; i < operands.size(); i++) {
            DType found = dtype(step.operands().get(i));
            if (found != operands.get(i).dtype().stored() && !rounded(step, i)) {
                throw new TensorException(what + " of " + found + " elements cannot run on " + device.name()
                        + ", only of " + operands.get(i).dtype() + "; feed what it computes, or cast to F32 before.");
            }
        }
        checks.add(step, ranges);
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
    private void bind(DeviceWorkspace.Place place) {
        if (place.equals(bound)) {
            return;
        }
        forget();
        recorded = device.record(
                steps(place::first, (dtype, elements) -> place.first(dtype) + scratch.need(dtype, elements)));
        bound = place;
    }

    private void forget() {
        LaunchSequence old = recorded;
        recorded = null;
        bound = null;
        if (old != null) {
            old.close();
        }
    }

    private List<DeviceStep> steps(ToIntFunction<DType> workspace, OperationScratch operationScratch) {
        List<DeviceStep> steps = new ArrayList<>();
        for (Plan.Step step : plan.steps()) {
            int[] offsets = new int[step.operands().size()];
            boolean[] rounded = new boolean[offsets.length];
            for (int i = 0; i < offsets.length; i++) {
                rounded[i] = rounded(step, i);
                offsets[i] = offset(step.operands().get(i), rounded[i], workspace);
            }
            steps.addAll(
                    device.steps(step.op(), MatmulPrecisions.of(step.precision()), offsets, rounded, operationScratch));
        }
        return steps;
    }

    private int offset(Plan.Slot slot, boolean rounded, ToIntFunction<DType> workspace) {
        return switch (slot) {
            case Plan.Slot.InWorkspace(DType dtype, long at) ->
                workspace.applyAsInt(dtype) + (int) (at / dtype.bytes());
            case Plan.Slot.Pinned place -> first(place);
            case Plan.Slot.InVariable(TensorData variable, long at) -> {
                int start = rounded
                        ? ranges.factor(variable)
                        : ranges.variable(variable).element();
                yield start + (int) (at / variable.dtype().bytes());
            }
        };
    }

    private int first(Plan.Slot.Pinned slot) {
        return Graph.known(pinned, slot.dtype())
                + (int) (slot.offset() / slot.dtype().bytes());
    }

    @Override
    public TensorData input(Plan.Slot.Pinned slot, Shape shape, DType dtype) {
        TensorData data = TensorData.allocate(shape, dtype);
        DeviceCopy copy = memory.copyAt(data, first(slot));
        inputs.add(copy);
        if (dtype == DType.I32) {
            checks.of(slot, shape.size()).forEach(copy::require);
        }
        return data;
    }

    @Override
    public TensorData output(Plan.Slot.Pinned slot, Shape shape, DType dtype) {
        TensorData data = new TensorData(shape, dtype);
        outputs.add(memory.copyAt(data, first(slot)));
        return data;
    }

    @Override
    public void run() {
        share.run(place -> {
            bind(place);
            inputs.forEach(DeviceCopy::send);
            ranges.send();
            if (recorded != null) {
                recorded.run();
            }
            outputs.forEach(DeviceCopy::deviceWrote);
        });
    }

    @Override
    public void close() {
        share.close(() -> {
            outputs.forEach(DeviceCopy::free);
            Resources.closeAll(List.of(this::forget, ranges::close));
        });
    }
}
