package io.llm2clip.kernels.gpu.launch;

import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.FLOATS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.INTS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.PARAMS;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.kernels.RowKernels;
import io.llm2clip.kernels.operations.AttentionShape;
import java.util.List;

/** What attention does with rows of scores, {@code [sequences, heads, queries, keys]}, where a library does the matmuls. */
public final class AttentionRows {
    private static final DeviceKernel SOFTMAX =
            DeviceKernel.of(RowKernels.class, "k_maskedSoftmax", FLOATS, INTS, PARAMS);
    private static final DeviceKernel GRADIENT =
            DeviceKernel.of(RowKernels.class, "k_softmaxGradient", FLOATS, FLOATS, FLOATS, PARAMS);

    private AttentionRows() {}

    /**
     * Softmax over the keys that a query sees, in place; 0 for the others. Operands: scores, and the lengths of all sequences.
     *
     * @param first number of the first sequence
     */
    public static DeviceLaunch softmax(AttentionShape shape, int first, int sequences) {
        List<Integer> dimensions =
                List.of(shape.keys(), shape.queries(), shape.heads(), first, DeviceKernels.flag(shape.causal()));
        return new DeviceLaunch(SOFTMAX, grid(shape, sequences), dimensions, List.of());
    }

    /** As {@link io.llm2clip.kernels.operations.SoftmaxOp.SoftmaxGradient}; the output may be dy. Operands: y, dy, out. */
    public static DeviceLaunch softmaxGradient(AttentionShape shape, int sequences) {
        return new DeviceLaunch(GRADIENT, grid(shape, sequences), List.of(shape.keys()), List.of());
    }

    private static Grid grid(AttentionShape shape, int sequences) {
        return Grid.rows((long) sequences * shape.heads() * shape.queries(), RowKernels.GROUP);
    }
}
