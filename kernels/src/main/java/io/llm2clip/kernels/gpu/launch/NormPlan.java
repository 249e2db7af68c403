package io.llm2clip.kernels.gpu.launch;

import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.FLOATS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.PARAMS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.SCALARS;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.kernels.NormKernels;
import io.llm2clip.kernels.gpu.kernels.RowKernels;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch.Binding;
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
    private static final DeviceKernel NORM =
            DeviceKernel.of(NormKernels.class, "k_norm", FLOATS, FLOATS, FLOATS, FLOATS, PARAMS, SCALARS);
    private static final DeviceKernel GRADIENT = DeviceKernel.of(
            NormKernels.class, "k_normGradient", FLOATS, FLOATS, FLOATS, FLOATS, FLOATS, PARAMS, SCALARS);
    private static final DeviceKernel WEIGHT_GRADIENT =
            DeviceKernel.of(NormKernels.class, "k_normWeightGradient", FLOATS, FLOATS, FLOATS, FLOATS, FLOATS, PARAMS);

    /** Numbers of the gradients' operands; dbias follows if there is one, and then the scratch memory. */
    private static final int X = 0;

    private static final int WEIGHT = 1;
    private static final int DY = 2;
    private static final int DX = 3;
    private static final int DWEIGHT = 4;

    private NormPlan() {}

    static DevicePlan norm(KernelOp op, int rows, int columns, boolean centered, float epsilon) {
        List<DeviceLaunch> launches = new ArrayList<>();
        if (rows > 0 && columns > 0) {
            launches.add(new DeviceLaunch(
                    NORM,
                    Grid.rows(rows, RowKernels.GROUP),
                    List.of(columns, DeviceKernels.flag(centered)),
                    List.of(epsilon),
                    // Where there is no bias, something that is not read.
                    centered ? Binding.all(0, 1, 2, 3) : Binding.all(0, 1, 1, 2)));
        }
        return new DevicePlan(op.operands(), launches, 0);
    }

    static DevicePlan gradient(
            KernelOp op, int rows, int columns, boolean centered, float epsilon, boolean parameters) {
        if (columns == 0) {
            return new DevicePlan(op.operands(), List.of(), 0);
        }
        int flag = DeviceKernels.flag(centered);
        int scratch = parameters ? DWEIGHT + 1 + flag : DWEIGHT;
        List<DeviceLaunch> launches = new ArrayList<>();
        if (rows > 0) {
            launches.add(new DeviceLaunch(
                    GRADIENT,
                    Grid.rows(rows, RowKernels.GROUP),
                    List.of(columns, flag, rows),
                    List.of(epsilon),
                    Binding.all(X, WEIGHT, DY, DX, scratch)));
        }
        long statistics = 2L * rows;
        long partials = parameters ? parameterGradients(rows, columns, flag, scratch, launches) : 0;
        // Never empty: kernels are passed the scratch memory whether they use it or not.
        int size = Math.max(1, Arenas.index("Row statistics and partial sums", statistics + partials));
        return new DevicePlan(op.operands(), launches, size);
    }

    /** Adds the launches for weight and bias; returns the elements of scratch memory that they take behind the statistics. */
    private static long parameterGradients(int rows, int columns, int flag, int scratch, List<DeviceLaunch> launches) {
        Chunks chunks = Chunks.of(rows, columns);
        long statistics = 2L * rows;
        Grid grid = Grid.elements((long) chunks.count() * columns);
        long partials = chunks.several() ? (1L + flag) * grid.x() : 0;
        List<Binding> operands = new ArrayList<>(Binding.all(X, DY, scratch));
        List<DeviceLaunch> sums = new ArrayList<>();
        for (int s = 0; s <= flag; s++) {
            Binding out = Binding.of(DWEIGHT + s);
            Binding target = chunks.several() ? new Binding(scratch, (int) (statistics + (long) s * grid.x())) : out;
            operands.add(target);
            sums.add(ReductionPlan.whole(new Reduce(Reduction.SUM, 1, chunks.count(), columns), target, out));
        }
        if (flag == 0) {
            // Where there is no dbias, something that is not written.
            operands.add(operands.getLast());
        }
        launches.add(new DeviceLaunch(
                WEIGHT_GRADIENT, grid, List.of(columns, flag, rows, grid.x(), chunks.length()), List.of(), operands));
        if (chunks.several()) {
            launches.addAll(sums);
        }
        return partials;
    }
}
