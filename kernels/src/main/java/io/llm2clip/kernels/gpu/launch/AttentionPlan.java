package io.llm2clip.kernels.gpu.launch;

import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.FLOATS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.INTS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.PARAMS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.SCALARS;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.kernels.AttentionKernels;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch.Binding;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import java.util.ArrayList;
import java.util.List;

/** The launches of attention and its gradients. */
final class AttentionPlan {
    private static final DeviceKernel FORWARD = DeviceKernel.of(
            AttentionKernels.class, "k_attention", FLOATS, FLOATS, FLOATS, INTS, FLOATS, PARAMS, SCALARS);
    private static final DeviceKernel GRADIENT_QUERY = DeviceKernel.of(
            AttentionKernels.class,
            "k_attentionGradientQuery",
            FLOATS,
            FLOATS,
            FLOATS,
            INTS,
            FLOATS,
            FLOATS,
            FLOATS,
            PARAMS,
            SCALARS);
    private static final DeviceKernel GRADIENT_KEY = DeviceKernel.of(
            AttentionKernels.class,
            "k_attentionGradientKey",
            FLOATS,
            FLOATS,
            FLOATS,
            INTS,
            FLOATS,
            FLOATS,
            FLOATS,
            FLOATS,
            PARAMS,
            SCALARS);
    /** Numbers of the gradient's outputs, and of the scratch memory. */
    private static final int DQ = 5;

    private static final int DK = 6;
    private static final int DV = 7;
    private static final int STATISTICS = 8;

    private AttentionPlan() {}

    static DevicePlan forward(AttentionOp.Attention op) {
        AttentionShape shape = op.shape();
        List<DeviceLaunch> launches = new ArrayList<>();
        addLaunch(launches, FORWARD, shape, shape.queries(), shape.heads(), Binding.all(0, 1, 2, 3, 4));
        return new DevicePlan(op.operands(), launches, 0);
    }

    static DevicePlan gradient(AttentionOp.AttentionGradient op) {
        AttentionShape shape = op.shape();
        List<DeviceLaunch> launches = new ArrayList<>();
        addLaunch(
                launches,
                GRADIENT_QUERY,
                shape,
                shape.queries(),
                shape.heads(),
                Binding.all(0, 1, 2, 3, 4, DQ, STATISTICS));
        addLaunch(
                launches,
                GRADIENT_KEY,
                shape,
                shape.keys(),
                shape.keyValueHeads(),
                Binding.all(0, 1, 2, 3, 4, STATISTICS, DK, DV));
        long statistics = 2L * grids(shape) * shape.heads() * shape.queries();
        return new DevicePlan(op.operands(), launches, Math.max(1, Arenas.index("Attention statistics", statistics)));
    }

    /** Sequences that have rows of their own in the grid: the rows of all ragged ones are together. */
    private static int grids(AttentionShape shape) {
        return shape.ragged() ? 1 : shape.batch();
    }

    private static void addLaunch(
            List<DeviceLaunch> launches,
            DeviceKernel kernel,
            AttentionShape shape,
            int rows,
            int heads,
            List<Binding> operands) {
        if (shape.headSize() > AttentionKernels.MAX_HEAD_SIZE) {
            throw new IllegalArgumentException(
                    "Attention with " + shape.headSize() + " channels per head, expected at most "
                            + AttentionKernels.MAX_HEAD_SIZE + " on a device; raise AttentionKernels.MAX_HEAD_SIZE.");
        }
        int sequences = grids(shape);
        if (sequences == 0 || heads == 0 || rows == 0 || shape.headSize() == 0) {
            return;
        }
        int groups = Math.ceilDiv(rows, AttentionKernels.GROUP);
        Grid grid = new Grid(groups * AttentionKernels.GROUP, heads, sequences, AttentionKernels.GROUP, 1, 1);
        List<Integer> dimensions = List.of(
                shape.queries(),
                shape.keys(),
                shape.heads(),
                shape.keyValueHeads(),
                shape.headSize(),
                DeviceKernels.flag(shape.causal()),
                DeviceKernels.flag(shape.ragged()),
                shape.batch());
        launches.add(new DeviceLaunch(kernel, grid, dimensions, List.of(shape.scale()), operands));
    }
}
