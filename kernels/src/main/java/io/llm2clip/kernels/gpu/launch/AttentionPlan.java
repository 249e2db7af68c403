package io.llm2clip.kernels.gpu.launch;

import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.FLOATS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.INTS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.PARAMS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.SCALARS;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.kernels.AttentionKernels;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import java.util.ArrayList;
import java.util.List;

/** The launches of attention and its gradients. */
final class AttentionPlan {
    private static final DeviceKernel FORWARD = kernel("k_attention");
    private static final DeviceKernel GRADIENT_QUERY = kernel("k_attentionGradientQuery");
    private static final DeviceKernel GRADIENT_KEY = kernel("k_attentionGradientKey");

    private AttentionPlan() {}

    static DevicePlan forward(AttentionOp.Attention op) {
        AttentionShape shape = op.shape();
        List<DeviceLaunch> launches = new ArrayList<>();
        addLaunch(launches, FORWARD, shape, shape.queries(), shape.heads());
        return new DevicePlan(op.operands(), launches, 0);
    }

    static DevicePlan gradient(AttentionOp.AttentionGradient op) {
        AttentionShape shape = op.shape();
        List<DeviceLaunch> launches = new ArrayList<>();
        addLaunch(launches, GRADIENT_QUERY, shape, shape.queries(), shape.heads());
        addLaunch(launches, GRADIENT_KEY, shape, shape.keys(), shape.keyValueHeads());
        long statistics = 2L * shape.batch() * shape.heads() * shape.queries();
        return new DevicePlan(op.operands(), launches, Math.max(1, Arenas.index("Attention statistics", statistics)));
    }

    private static void addLaunch(
            List<DeviceLaunch> launches, DeviceKernel kernel, AttentionShape shape, int rows, int heads) {
        if (shape.headSize() > AttentionKernels.MAX_HEAD_SIZE) {
            throw new IllegalArgumentException(
                    "Attention with " + shape.headSize() + " channels a head, expected at most "
                            + AttentionKernels.MAX_HEAD_SIZE + " on a device; raise AttentionKernels.MAX_HEAD_SIZE.");
        }
        if (shape.batch() == 0 || heads == 0 || rows == 0 || shape.headSize() == 0) {
            return;
        }
        int groups = Math.ceilDiv(rows, AttentionKernels.GROUP);
        Grid grid = new Grid(groups * AttentionKernels.GROUP, heads, shape.batch(), AttentionKernels.GROUP, 1, 1);
        List<Integer> dimensions = List.of(
                shape.queries(),
                shape.keys(),
                shape.heads(),
                shape.keyValueHeads(),
                shape.headSize(),
                DeviceKernels.flag(shape.causal()));
        launches.add(new DeviceLaunch(kernel, grid, dimensions, List.of(shape.scale())));
    }

    private static DeviceKernel kernel(String name) {
        return DeviceKernel.of(AttentionKernels.class, name, FLOATS, INTS, PARAMS, SCALARS);
    }
}
