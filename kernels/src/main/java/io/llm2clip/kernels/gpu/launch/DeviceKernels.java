package io.llm2clip.kernels.gpu.launch;

import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.FLOATS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.HALVES;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.INTS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.PARAMS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.SCALARS;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.kernels.AdamWKernels;
import io.llm2clip.kernels.gpu.kernels.CrossEntropyKernels;
import io.llm2clip.kernels.gpu.kernels.IndexKernels;
import io.llm2clip.kernels.gpu.kernels.RandomKernels;
import io.llm2clip.kernels.gpu.kernels.RowKernels;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch.Binding;
import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.Concat;
import io.llm2clip.kernels.operations.CrossEntropyOp;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.IndexOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.OperationException;
import io.llm2clip.kernels.operations.PackedRows;
import io.llm2clip.kernels.operations.RandomUniform;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Rotary;
import io.llm2clip.kernels.operations.SoftmaxOp;
import io.llm2clip.kernels.operations.SquareSums;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** The device kernels of every operation. */
public final class DeviceKernels {
    /** In which the second operand of a matmul and the table of a gather may be stored. */
    public static final Set<DType> MATRIX_FORMATS = Set.copyOf(MatrixOperand.FORMATS);

    private static final DeviceKernel SOFTMAX = DeviceKernel.of(RowKernels.class, "k_softmax", FLOATS, FLOATS, PARAMS);
    private static final DeviceKernel SOFTMAX_GRADIENT =
            DeviceKernel.of(RowKernels.class, "k_softmaxGradient", FLOATS, FLOATS, FLOATS, PARAMS);
    private static final DeviceKernel ROTARY =
            DeviceKernel.of(IndexKernels.class, "k_rotary", FLOATS, FLOATS, FLOATS, FLOATS, PARAMS);
    private static final DeviceKernel GATHER =
            DeviceKernel.of(IndexKernels.class, "k_gather", FLOATS, INTS, FLOATS, PARAMS);
    private static final DeviceKernel GATHER_STORED =
            DeviceKernel.of(IndexKernels.class, "k_gatherStored", HALVES, INTS, FLOATS, PARAMS);
    private static final DeviceKernel CONCAT = DeviceKernel.of(IndexKernels.class, "k_concat", FLOATS, FLOATS, PARAMS);
    private static final DeviceKernel CONCAT_INTS =
            DeviceKernel.of(IndexKernels.class, "k_concatInts", INTS, INTS, PARAMS);
    private static final DeviceKernel CONCAT_HALVES =
            DeviceKernel.of(IndexKernels.class, "k_concatHalves", HALVES, HALVES, PARAMS);
    private static final DeviceKernel CROSS_ENTROPY =
            DeviceKernel.of(CrossEntropyKernels.class, "k_crossEntropy", FLOATS, INTS, FLOATS, PARAMS);
    private static final DeviceKernel CROSS_ENTROPY_GRADIENT =
            DeviceKernel.of(CrossEntropyKernels.class, "k_crossEntropyGradient", FLOATS, INTS, FLOATS, FLOATS, PARAMS);
    private static final DeviceKernel ADAM_W = DeviceKernel.of(
            AdamWKernels.class, "k_adamW", FLOATS, FLOATS, FLOATS, FLOATS, FLOATS, FLOATS, PARAMS, SCALARS);
    private static final DeviceKernel RANDOM_UNIFORM =
            DeviceKernel.of(RandomKernels.class, "k_uniform", INTS, FLOATS, PARAMS);

    private DeviceKernels() {}

    /**
     * The launches that execute an operation. Launches that would write nothing are left out.
     *
     * @throws IllegalArgumentException if an operand or a grid is too large to be addressed by int, an attention head has
     *     more channels than the kernels have room for, a scatter-add more rows than floats count, or an operation computes with
     *     elements of types that only the CPU's does
     * @throws OperationException if an operation of one's own throws, or its plan is not one of its operands
     */
    public static DevicePlan plan(KernelOp op) {
        requireSupported(op);
        return switch (op) {
            case Elementwise o -> new DevicePlan(o.operands(), ElementwisePlan.launches(o), 0);
            case Matmul o -> new DevicePlan(o.operands(), MatmulPlan.launches(o), 0);
            case AttentionOp.Attention o -> AttentionPlan.forward(requireRows(o));
            case AttentionOp.AttentionGradient o -> AttentionPlan.gradient(o);
            case Reduce o -> ReductionPlan.reduce(o);
            case SoftmaxOp.Softmax o -> single(o, rows(SOFTMAX, o.rows(), o.columns()));
            case SoftmaxOp.SoftmaxGradient o -> single(o, rows(SOFTMAX_GRADIENT, o.rows(), o.columns()));
            case NormOp.LayerNorm o -> NormPlan.norm(o, o.rows(), o.columns(), true, o.epsilon());
            case NormOp.RmsNorm o -> NormPlan.norm(o, o.rows(), o.columns(), false, o.epsilon());
            case NormOp.LayerNormGradient o ->
                NormPlan.gradient(o, o.rows(), o.columns(), true, o.epsilon(), o.parameters());
            case NormOp.RmsNormGradient o ->
                NormPlan.gradient(o, o.rows(), o.columns(), false, o.epsilon(), o.parameters());
            case Rotary o -> single(o, rotary(o));
            case IndexOp.Gather o -> single(o, gather(o));
            case IndexOp.ScatterAdd o -> ScatterPlan.scatterAdd(o);
            case CrossEntropyOp.CrossEntropy o -> single(o, crossEntropy(CROSS_ENTROPY, o.rows(), o.columns(), 1));
            case CrossEntropyOp.CrossEntropyGradient o ->
                single(o, crossEntropy(CROSS_ENTROPY_GRADIENT, o.rows(), o.columns(), o.columns()));
            case SquareSums o -> SquareSumPlan.of(o);
            case Concat o -> concat(o);
            case AdamWUpdate o -> single(o, adamW(o));
            case RandomUniform o -> single(o, randomUniform(o));
            case CustomOp o -> custom(o);
            case PackedRows o -> throw packed(o);
        };
    }

    /**
     * Refuses what no device has a kernel for, whatever its size.
     *
     * @throws IllegalArgumentException naming the operand, its format and what devices take
     */
    public static void requireSupported(KernelOp op) {
        switch (op) {
            case Matmul o -> MatmulPlan.requireSupported(o);
            case Elementwise o -> ElementwisePlan.requireSupported(o);
            case Concat _, IndexOp.Gather _ -> {} // move elements of any type that they take
            case CustomOp o -> requireDeviceOp(o).operands().forEach(operand -> requireDense(o, operand));
            case PackedRows o -> throw packed(o);
            case AttentionOp.Attention o -> requireRows(o).operands().forEach(operand -> requireSupported(op, operand));
            default -> op.operands().forEach(operand -> requireSupported(op, operand));
        }
    }

    private static AttentionOp.Attention requireRows(AttentionOp.Attention op) {
        if (!op.byRows()) {
            throw new IllegalArgumentException(
                    "Attention with packed operands runs on the CPU only, found " + op + "; pass them by rows.");
        }
        return op;
    }

    private static IllegalArgumentException packed(PackedRows op) {
        return new IllegalArgumentException(op.name() + " with a packed result runs on the CPU only, found "
                + op.panels() + "; have it write rows.");
    }

    private static void requireSupported(KernelOp op, Operand operand) {
        DType type = operand.dtype().stored();
        if (type != DType.F32 && type != DType.I32) {
            throw new IllegalArgumentException(op.name() + " with '" + operand.name() + "' of " + operand.dtype()
                    + " runs on the CPU only, a device takes F32; convert it.");
        }
    }

    private static void requireDense(CustomOp op, Operand operand) {
        if (operand.dtype().isQuantized()) {
            throw new IllegalArgumentException("Operation " + op.name() + " with '" + operand.name() + "' of "
                    + operand.dtype() + " runs on the CPU only, a device takes dense formats; convert it.");
        }
    }

    private static DeviceOp requireDeviceOp(CustomOp op) {
        if (op instanceof DeviceOp device) {
            return device;
        }
        throw new IllegalArgumentException("Operation " + op.name()
                + " has no kernels for devices; have it implement DeviceOp, or run the program on the CPU.");
    }

    private static DevicePlan custom(CustomOp op) {
        DeviceOp device = requireDeviceOp(op);
        return OperationException.calling(op, "plan()", () -> {
            DevicePlan plan = Objects.requireNonNull(device.plan(), "plan() is null");
            if (!plan.operands().equals(op.operands())) {
                throw new IllegalArgumentException(
                        "its plan is of operands " + plan.operands() + ", expected those of the operation");
            }
            for (DeviceLaunch launch : plan.launches()) {
                launch.kernel().method(launch.kernel().owner());
            }
            return plan;
        });
    }

    private static DevicePlan single(KernelOp op, List<DeviceLaunch> launches) {
        return new DevicePlan(op.operands(), launches, 0);
    }

    private static List<DeviceLaunch> gather(IndexOp.Gather op) {
        long elements = (long) op.count() * op.columns();
        return op.table() == DType.F32
                ? elements(GATHER, elements, op.columns())
                : elements(GATHER_STORED, elements, op.columns(), op.table().ordinal());
    }

    /** A work-item per element; the dimensions are the number of elements and {@code more}. */
    private static List<DeviceLaunch> elements(DeviceKernel kernel, long elements, int... more) {
        if (elements == 0) {
            return List.of();
        }
        Grid grid = Grid.elements(elements);
        List<Integer> dimensions = new ArrayList<>();
        dimensions.add(grid.x());
        for (int dimension : more) {
            dimensions.add(dimension);
        }
        return List.of(new DeviceLaunch(kernel, grid, dimensions, List.of()));
    }

    /** A work-group per row; nothing to do without columns. */
    private static List<DeviceLaunch> rows(DeviceKernel kernel, int rows, int columns) {
        return rows(kernel, rows, RowKernels.GROUP, columns, columns);
    }

    private static List<DeviceLaunch> crossEntropy(DeviceKernel kernel, int rows, int columns, int outputs) {
        int group = columns < CrossEntropyKernels.MANY ? RowKernels.GROUP : CrossEntropyKernels.WIDE;
        return rows(kernel, rows, group, columns, outputs);
    }

    private static List<DeviceLaunch> rows(DeviceKernel kernel, int rows, int group, int columns, int outputs) {
        return rows == 0 || outputs == 0
                ? List.of()
                : List.of(new DeviceLaunch(kernel, Grid.rows(rows, group), List.of(columns), List.of()));
    }

    private static List<DeviceLaunch> adamW(AdamWUpdate op) {
        if (op.elements() == 0) {
            return List.of();
        }
        AdamWUpdate.Hyper hyper = op.hyper();
        Grid grid = Grid.elements(op.elements());
        List<Float> scalars =
                List.of(hyper.learningRateScale(), hyper.beta1(), hyper.beta2(), hyper.epsilon(), hyper.weightDecay());
        return List.of(new DeviceLaunch(ADAM_W, grid, List.of(grid.x()), scalars));
    }

    private static List<DeviceLaunch> rotary(Rotary op) {
        int pairs = op.headSize() / 2;
        return elements(
                ROTARY,
                (long) op.batch() * op.positions() * op.heads() * pairs,
                op.positions(),
                op.heads(),
                pairs,
                flag(op.interleaved()),
                flag(op.inverse()));
    }

    private static List<DeviceLaunch> randomUniform(RandomUniform op) {
        int parity = RandomUniform.PARITY ^ op.key0() ^ op.key1();
        return elements(RANDOM_UNIFORM, op.count(), op.key0(), op.key1(), parity);
    }

    private static DevicePlan concat(Concat op) {
        int total = Arenas.index(
                "Elements of a row",
                op.inner().stream().mapToLong(Integer::longValue).sum());
        List<DeviceLaunch> launches = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < op.inner().size(); i++) {
            int inner = op.inner().get(i);
            long elements = (long) op.outer() * inner;
            if (elements > 0) {
                Grid grid = Grid.elements(elements);
                launches.add(new DeviceLaunch(
                        switch (op.dtype().arena()) {
                            case I32 -> CONCAT_INTS;
                            case BF16, F16 -> CONCAT_HALVES;
                            case F32, BOOL, Q8, Q4, Q4_1 -> CONCAT;
                        },
                        grid,
                        List.of(grid.x(), inner, total, start),
                        List.of(),
                        Binding.all(i, op.inner().size())));
            }
            start += inner;
        }
        return new DevicePlan(op.operands(), launches, 0);
    }

    static int flag(boolean value) {
        return value ? 1 : 0;
    }
}
