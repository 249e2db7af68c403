package io.llm2clip.kernels.gpu.launch;

import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.FLOATS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.PARAMS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.SCALARS;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.kernels.NormKernels;
import io.llm2clip.kernels.gpu.kernels.RowKernels;
import io.llm2clip.kernels.gpu.launch.ReductionPlan.Place;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Reduction;
import java.util.ArrayList;
import java.util.List;

/**
 * The launches of norms and their gradients. Gradients take rows first, whose statistics go into scratch memory; then weight and
 * bias, by chunks of the rows if these are many, whose sums follow the statistics; then the sum of these.
 */
final class NormPlan {
    private static final DeviceKernel NORM = DeviceKernel.of(NormKernels.class, "k_norm", FLOATS, PARAMS, SCALARS);
    private static final DeviceKernel GRADIENT =
            DeviceKernel.of(NormKernels.class, "k_normGradient", FLOATS, PARAMS, SCALARS);
    private static final DeviceKernel WEIGHT_GRADIENT =
            DeviceKernel.of(NormKernels.class, "k_normWeightGradient", FLOATS, PARAMS);

    /** Numbers of the gradients' operands that sums go to. */
    private static final int OUT = 3;

    private static final int SCRATCH = 4;

    private NormPlan() {}

    static DevicePlan norm(KernelOp op, int rows, int columns, boolean centered, float epsilon) {
        List<DeviceLaunch> launches = new ArrayList<>();
        if (rows > 0 && columns > 0) {
            launches.add(new DeviceLaunch(
                    NORM,
                    Grid.rows(rows, RowKernels.GROUP),
                    List.of(columns, DeviceKernels.flag(centered)),
                    List.of(epsilon)));
        }
        return new DevicePlan(op.operands(), launches, 0);
    }

    static DevicePlan gradient(KernelOp op, int rows, int columns, boolean centered, float epsilon) {
        if (columns == 0) {
            return new DevicePlan(op.operands(), List.of(), 0);
        }
        int flag = DeviceKernels.flag(centered);
        List<DeviceLaunch> launches = new ArrayList<>();
        if (rows > 0) {
            launches.add(new DeviceLaunch(
                    GRADIENT, Grid.rows(rows, RowKernels.GROUP), List.of(columns, flag, rows), List.of(epsilon)));
        }
        Chunks chunks = Chunks.of(rows, columns);
        long statistics = 2L * rows;
        Place out = new Place(OUT, rows * columns);
        Place sums = chunks.several() ? new Place(SCRATCH, (int) statistics) : out;
        Grid grid = Grid.elements((long) chunks.count() * columns);
        launches.add(new DeviceLaunch(
                WEIGHT_GRADIENT,
                grid,
                List.of(columns, flag, rows, grid.x(), chunks.length(), sums.operand(), sums.start()),
                List.of()));
        long partials = 0;
        if (chunks.several()) {
            launches.add(ReductionPlan.whole(new Reduce(Reduction.SUM, 1 + flag, chunks.count(), columns), sums, out));
            partials = (1L + flag) * grid.x();
        }
        // Never empty: kernels are passed the scratch memory's offset whether they use it or not.
        int scratch = Math.max(1, Arenas.index("Row statistics and partial sums", statistics + partials));
        return new DevicePlan(op.operands(), launches, scratch);
    }
}
