package io.llm2clip.kernels.gpu.launch;

import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.FLOATS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.PARAMS;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.kernels.ReductionKernels;
import io.llm2clip.kernels.gpu.kernels.RowKernels;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch.Binding;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Reduction;
import java.util.ArrayList;
import java.util.List;

/** The launches of reductions: one, or one over chunks of the extent and one over the chunks. */
final class ReductionPlan {
    private static final DeviceKernel ROW =
            DeviceKernel.of(ReductionKernels.class, "k_reduceRow", FLOATS, FLOATS, PARAMS);
    private static final DeviceKernel COLUMN =
            DeviceKernel.of(ReductionKernels.class, "k_reduceColumn", FLOATS, FLOATS, PARAMS);

    private static final Binding IN = Binding.of(0);
    private static final Binding OUT = Binding.of(1);
    private static final Binding SCRATCH = Binding.of(2);

    private ReductionPlan() {}

    static DevicePlan reduce(Reduce op) {
        long elements = (long) op.outer() * op.inner();
        if (elements == 0) {
            return new DevicePlan(op.operands(), List.of(), 0);
        }
        Chunks chunks = chunks(op, elements);
        if (!chunks.several()) {
            return new DevicePlan(op.operands(), List.of(launch(op, chunks, IN, OUT)), 0);
        }
        Reduce rest = new Reduce(op.reduction(), op.outer(), chunks.count(), op.inner());
        List<DeviceLaunch> launches = new ArrayList<>();
        launches.add(launch(op, chunks, IN, SCRATCH));
        launches.add(whole(rest, SCRATCH, OUT));
        return new DevicePlan(op.operands(), launches, Arenas.index("Partial sums", elements * chunks.count()));
    }

    /** One launch from any operand to any other. */
    static DeviceLaunch whole(Reduce op, Binding source, Binding target) {
        return launch(op, new Chunks(1, op.extent()), source, target);
    }

    /** The work-items of a group have parts of a row already. */
    private static Chunks chunks(Reduce op, long elements) {
        if (op.inner() > 1) {
            return Chunks.of(op.extent(), elements);
        }
        Chunks chunks = Chunks.of(Math.ceilDiv(op.extent(), RowKernels.GROUP), elements * RowKernels.GROUP);
        return chunks.several()
                ? new Chunks(chunks.count(), chunks.length() * RowKernels.GROUP)
                : new Chunks(1, op.extent());
    }

    private static DeviceLaunch launch(Reduce op, Chunks chunks, Binding source, Binding target) {
        long elements = (long) op.outer() * chunks.count() * op.inner();
        Grid grid = op.inner() == 1 ? Grid.rows(elements, RowKernels.GROUP) : Grid.elements(elements);
        List<Integer> dimensions = List.of(
                grid.x(),
                op.extent(),
                op.inner(),
                DeviceKernels.flag(op.reduction() == Reduction.MAX),
                chunks.count(),
                chunks.length());
        return new DeviceLaunch(op.inner() == 1 ? ROW : COLUMN, grid, dimensions, List.of(), List.of(source, target));
    }
}
