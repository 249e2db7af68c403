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

    /** Numbers of the gradients' operands that sums go to; dbias follows if there is one, and then the scratch memory. */
    private static final int DWEIGHT = 4;

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
        Grid grid = Grid.elements((long) chunks.count() * columns);
        long partials = chunks.several() ? (1L + flag) * grid.x() : 0;
        List<Integer> dimensions = new ArrayList<>(List.of(columns, flag, rows, grid.x(), chunks.length()));
        List<DeviceLaunch> sums = new ArrayList<>();
        for (int s = 0; s <= flag; s++) {
            Place out = new Place(DWEIGHT + s, 0);
            Place target = chunks.several() ? new Place(DWEIGHT + 1 + flag, (int) (statistics + s * grid.x())) : out;
            dimensions.add(target.operand());
            dimensions.add(target.start());
            sums.add(ReductionPlan.whole(new Reduce(Reduction.SUM, 1, chunks.count(), columns), target, out));
        }
        launches.add(new DeviceLaunch(WEIGHT_GRADIENT, grid, dimensions, List.of()));
        if (chunks.several()) {
            launches.addAll(sums);
        }
        // Never empty: kernels are passed the scratch memory's offset whether they use it or not.
        int scratch = Math.max(1, Arenas.index("Row statistics and partial sums", statistics + partials));
        return new DevicePlan(op.operands(), launches, scratch);
    }
}
