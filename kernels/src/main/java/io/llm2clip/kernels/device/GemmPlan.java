package io.llm2clip.kernels.device;

import static io.llm2clip.kernels.device.DeviceKernel.Role.FLOATS;
import static io.llm2clip.kernels.device.DeviceKernel.Role.PARAMS;
import static io.llm2clip.kernels.device.DeviceKernel.Role.SCALARS;

import io.llm2clip.kernels.KernelOp;
import java.util.ArrayList;
import java.util.List;

/** The launch of a matrix product. */
final class GemmPlan {
    private static final DeviceKernel KERNEL = DeviceKernel.of(GemmKernels.class, "k_gemm", FLOATS, PARAMS, SCALARS);

    private GemmPlan() {}

    static List<DeviceLaunch> launches(KernelOp.Gemm op) {
        if (op.batch() == 0 || op.m() == 0 || op.n() == 0) {
            return List.of();
        }
        List<Integer> dimensions = new ArrayList<>(List.of(op.m(), op.n(), op.k()));
        dimensions.addAll(strides(op.transposeA(), op.lda(), op.batchStrideA(), op.batch()));
        dimensions.addAll(strides(op.transposeB(), op.ldb(), op.batchStrideB(), op.batch()));
        dimensions.add(op.extras().size());
        dimensions.add(op.epilogue().instructions().size());
        for (KernelOp.Broadcast extra : op.extras()) {
            dimensions.addAll(
                    switch (extra) {
                        case FULL -> List.of(Arenas.index("Elements of a product", (long) op.m() * op.n()), op.n(), 1);
                        case ROW -> List.of(0, 0, 1);
                        case SCALAR -> List.of(0, 0, 0);
                    });
        }
        dimensions.addAll(ElementwisePlan.code(op.epilogue()));
        Grid grid = new Grid(
                tiles(op.n()) * GemmKernels.SIDE,
                tiles(op.m()) * GemmKernels.SIDE,
                op.batch(),
                GemmKernels.SIDE,
                GemmKernels.SIDE,
                1);
        return List.of(new DeviceLaunch(KERNEL, grid, dimensions, ElementwisePlan.literals(op.epilogue())));
    }

    /** Strides of a matrix's rows, columns and batches. */
    private static List<Integer> strides(boolean transposed, int leading, long batchStride, int batch) {
        // A stride that is never taken may be of any size.
        int batches = batch == 1 ? 0 : Arenas.index("Elements between matrices", batchStride);
        return transposed ? List.of(1, leading, batches) : List.of(leading, 1, batches);
    }

    private static int tiles(int extent) {
        return Math.ceilDiv(extent, GemmKernels.TILE);
    }
}
