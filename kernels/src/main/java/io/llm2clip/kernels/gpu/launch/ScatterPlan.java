package io.llm2clip.kernels.gpu.launch;

import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.FLOATS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.INTS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.PARAMS;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.kernels.RowKernels;
import io.llm2clip.kernels.gpu.kernels.ScatterKernels;
import io.llm2clip.kernels.operations.IndexOp;
import java.util.ArrayList;
import java.util.List;

/** The launches of {@link ScatterKernels}. */
final class ScatterPlan {
    private static final DeviceKernel ZERO = DeviceKernel.of(ScatterKernels.class, "k_zero", FLOATS, PARAMS);
    private static final DeviceKernel ORDER = kernel("k_order");
    private static final DeviceKernel SUM_RUNS = kernel("k_sumRuns");
    private static final DeviceKernel JOIN_RUNS = kernel("k_joinRuns");
    /** As far as floats count. */
    private static final int MOST_ENTRIES = 1 << 24;

    private ScatterPlan() {}

    static DevicePlan scatterAdd(IndexOp.ScatterAdd op) {
        if (op.count() > MOST_ENTRIES) {
            throw new IllegalArgumentException("Scatter-add of " + op.count() + " rows, expected at most "
                    + MOST_ENTRIES + " on a device; split the operation.");
        }
        Chunks chunks = Chunks.of(op.count(), op.columns());
        List<DeviceLaunch> launches = new ArrayList<>();
        long elements = (long) op.rows() * op.columns();
        if (elements > 0) {
            launches.add(launch(ZERO, Grid.elements(elements), op, chunks));
        }
        if (op.count() == 0 || op.columns() == 0) {
            return new DevicePlan(op.operands(), launches, 0);
        }
        Grid items = Grid.elements((long) chunks.count() * op.columns());
        launches.add(launch(ORDER, Grid.rows(op.count(), RowKernels.GROUP), op, chunks));
        launches.add(launch(SUM_RUNS, items, op, chunks));
        if (chunks.several()) {
            launches.add(launch(JOIN_RUNS, items, op, chunks));
        }
        long scratch = (long) op.count() + items.x();
        return new DevicePlan(op.operands(), launches, Arenas.index("Order and partial sums", scratch));
    }

    private static DeviceLaunch launch(DeviceKernel kernel, Grid grid, IndexOp.ScatterAdd op, Chunks chunks) {
        List<Integer> dimensions = List.of(grid.x(), op.count(), op.columns(), chunks.length());
        return new DeviceLaunch(kernel, grid, dimensions, List.of());
    }

    private static DeviceKernel kernel(String name) {
        return DeviceKernel.of(ScatterKernels.class, name, FLOATS, INTS, PARAMS);
    }
}
