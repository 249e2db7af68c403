package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.cublas.MatmulPrecision;
import io.llm2clip.kernels.gpu.launch.DeviceAddress;
import io.llm2clip.kernels.gpu.tornado.TornadoDevice;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.internal.compiler.Executable;
import io.llm2clip.tensor.internal.compiler.Plan;
import java.util.ArrayList;
import java.util.List;

/** A plan on an accelerator: workspace and pinned memory are ranges of the device's arenas, its kernels one recorded launch. */
final class AcceleratorExecutable implements Executable {
    /** Indices in pinned memory, for the input that turns out to lie there. */
    private record Index(long byteOffset, String what, List<Integer> elements, Operand.Bounds bounds) {}

    private final TornadoDevice device;
    private final AcceleratorMemory memory;
    private final Resources resources = new Resources();
    private final DeviceRanges ranges;
    private final PlanMemory workspace;
    private final PlanMemory pinned;
    private final List<Index> indices = new ArrayList<>();
    private final IndexSources sources = new IndexSources();
    private final List<DeviceCopy> inputs = new ArrayList<>();
    private final List<DeviceCopy> outputs = new ArrayList<>();
    private final LaunchSequence recorded;

    AcceleratorExecutable(Plan plan, TornadoDevice device, AcceleratorMemory memory) {
        this.device = device;
        this.memory = memory;
        ranges = new DeviceRanges(memory);
        resources.add(ranges::close);
        try {
            workspace = new PlanMemory(ranges::take, plan.workspaceBytes(), memory.largestBytes());
            pinned = new PlanMemory(ranges::take, plan.pinnedBytes(), memory.largestBytes());
            plan.steps().forEach(this::add);
            recorded = device.record(ranges.steps());
        } catch (RuntimeException | Error e) {
            resources.closeAfter(e);
            throw e;
        }
        resources.add(recorded::close);
    }

    private void add(Plan.Step step) {
        List<Operand> operands = step.op().operands();
        MatmulPrecision precision = MatmulPrecisions.of(step.precision());
        List<DeviceAddress> addresses = new ArrayList<>();
        boolean[] rounded = new boolean[operands.size()];
        for (int i = 0; i < rounded.length; i++) {
            Plan.Slot slot = step.operands().get(i);
            // The first operands of a matmul are A and B.
            if (i < 2
                    && device.rounds(step.op(), precision)
                    && slot instanceof Plan.Slot.InVariable(TensorData variable, long at)) {
                rounded[i] = true;
                addresses.add(ranges.factor(variable)
                        .plus((int) (at / variable.dtype().bytes())));
            } else {
                addresses.add(address(step, slot, operands.get(i)));
            }
        }
        sources.add(step);
        ranges.add(step.op(), precision, addresses, rounded);
    }

    private DeviceAddress address(Plan.Step step, Plan.Slot slot, Operand operand) {
        String what = step.op().getClass().getSimpleName();
        DType found = dtype(slot);
        if (found != operand.dtype().stored()) {
            throw new TensorException(what + " of " + found + " elements cannot run on " + device.name() + ", only of "
                    + operand.dtype() + "; feed what it computes, or cast to F32 before.");
        }
        Operand.Bounds bounds = operand.bounds();
        if (bounds != null) {
            String name = what + ": " + operand.name();
            for (IndexSources.Source source : sources.of(name, slot, (int) operand.elements())) {
                require(name, source, bounds);
            }
        }
        return address(slot);
    }

    private void require(String name, IndexSources.Source source, Operand.Bounds bounds) {
        switch (source.slot()) {
            case Plan.Slot.Pinned(DType _, long at) -> indices.add(new Index(at, name, source.elements(), bounds));
            case Plan.Slot.InWorkspace _ ->
                throw new IllegalStateException(name + " is neither stored, fed nor computed: " + source.slot());
            case Plan.Slot.InVariable(TensorData variable, long at) ->
                ranges.variable(variable).require(check(name, at, source.elements(), bounds));
        }
    }

    /** A check of elements that are counted from some bytes behind the first. */
    private static IndexCheck check(String name, long bytes, List<Integer> elements, Operand.Bounds bounds) {
        int first = (int) (bytes / Integer.BYTES);
        return new IndexCheck(
                name, elements.stream().map(element -> first + element).toList(), bounds);
    }

    private static DType dtype(Plan.Slot slot) {
        return switch (slot) {
            case Plan.Slot.InWorkspace(DType dtype, long _) -> dtype;
            case Plan.Slot.Pinned(DType dtype, long _) -> dtype;
            case Plan.Slot.InVariable(TensorData variable, long _) ->
                variable.dtype().stored();
        };
    }

    private DeviceAddress address(Plan.Slot slot) {
        return switch (slot) {
            case Plan.Slot.InWorkspace(DType dtype, long at) -> workspace.address(dtype, at);
            case Plan.Slot.Pinned(DType dtype, long at) -> pinned.address(dtype, at);
            case Plan.Slot.InVariable(TensorData variable, long at) ->
                ranges.variable(variable).address().plus((int)
                        (at / variable.dtype().bytes()));
        };
    }

    @Override
    public TensorData input(Plan.Slot slot, Shape shape, DType dtype) {
        TensorData data = TensorData.allocate(shape, dtype);
        DeviceCopy copy = memory.copyAt(data, address(slot));
        inputs.add(copy);
        if (dtype == DType.I32 && slot instanceof Plan.Slot.Pinned(DType _, long start)) {
            long end = start + (long) shape.size() * Integer.BYTES;
            for (Index index : indices) {
                if (index.byteOffset >= start && index.byteOffset < end) {
                    copy.require(check(index.what, index.byteOffset - start, index.elements, index.bounds));
                }
            }
        }
        return data;
    }

    @Override
    public TensorData output(Plan.Slot slot, Shape shape, DType dtype) {
        TensorData data = new TensorData(shape, dtype);
        outputs.add(memory.copyAt(data, address(slot)));
        return data;
    }

    @Override
    public void run() {
        inputs.forEach(DeviceCopy::send);
        ranges.send();
        recorded.run();
        outputs.forEach(DeviceCopy::deviceWrote);
    }

    @Override
    public void close() {
        outputs.forEach(DeviceCopy::free);
        resources.close();
    }
}
