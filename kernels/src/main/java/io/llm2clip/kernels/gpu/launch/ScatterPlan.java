package io.llm2clip.kernels.gpu.launch;

import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.FLOATS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.INTS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.PARAMS;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.kernels.RowKernels;
import io.llm2clip.kernels.gpu.kernels.ScatterKernels;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch.Binding;
import io.llm2clip.kernels.operations.IndexOp;
import java.util.ArrayList;
import java.util.List;

/** The launches of {@link ScatterKernels}. */
final class ScatterPlan {
    private static final DeviceKernel ZERO = DeviceKernel.of(ScatterKernels.class, "k_zero", FLOATS, PARAMS);
    private static final DeviceKernel ORDER = DeviceKernel.of(ScatterKernels.class, "k_order", INTS, FLOATS, PARAMS);
    private static final DeviceKernel SUM_RUNS =
            DeviceKernel.of(ScatterKernels.class, "k_sumRuns", INTS, FLOATS, FLOATS, FLOATS, FLOATS, PARAMS);
    private static final DeviceKernel JOIN_RUNS =
            DeviceKernel.of(ScatterKernels.class, "k_joinRuns", INTS, FLOATS, FLOATS, FLOATS, PARAMS);
    /** The largest count up to which floats represent every integer. */
    private static final int MAX_ENTRIES = 1 << 24;

    private static final Binding X = Binding.of(0);
    private static final Binding INDEX = Binding.of(1);
    private static final Binding OUT = Binding.of(2);
    /** The order of the entries, and behind it sums of runs that go on from chunk to chunk: both in the scratch memory. */
    private static final Binding ORDERED = Binding.of(3);

    private ScatterPlan() {}

    static DevicePlan scatterAdd(IndexOp.ScatterAdd op) {
        if (op.count() > MAX_ENTRIES) {
            throw new IllegalArgumentException("Scatter-add of " + op.count() + " rows, expected at most " + MAX_ENTRIES
                    + " on a device; split the operation.");
        }
        Chunks chunks = Chunks.of(op.count(), op.columns());
        List<DeviceLaunch> launches = new ArrayList<>();
        long elements = (long) op.rows() * op.columns();
        if (elements > 0) {
            launches.add(launch(ZERO, Grid.elements(elements), op, chunks, OUT));
        }
        if (op.count() == 0 || op.columns() == 0) {
            return new DevicePlan(op.operands(), launches, 0);
        }
        Grid items = Grid.elements((long) chunks.count() * op.columns());
        Binding carries = new Binding(ORDERED.operand(), op.count());
        launches.add(launch(ORDER, Grid.rows(op.count(), RowKernels.GROUP), op, chunks, INDEX, ORDERED));
        launches.add(launch(SUM_RUNS, items, op, chunks, INDEX, ORDERED, X, OUT, carries));
        if (chunks.several()) {
            launches.add(launch(JOIN_RUNS, items, op, chunks, INDEX, ORDERED, OUT, carries));
        }
        long scratch = (long) op.count() + items.x();
        return new DevicePlan(op.operands(), launches, Arenas.index("Order and partial sums", scratch));
    }

    private static DeviceLaunch launch(
            DeviceKernel kernel, Grid grid, IndexOp.ScatterAdd op, Chunks chunks, Binding... operands) {
        List<Integer> dimensions = List.of(grid.x(), op.count(), op.columns(), chunks.length());
        return new DeviceLaunch(kernel, grid, dimensions, List.of(), List.of(operands));
    }
}
