package io.llm2clip.kernels.gpu.launch;

import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.FLOATS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.HALVES;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.INTS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.PARAMS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.SCALARS;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.codegen.GeneratedKernels;
import io.llm2clip.kernels.gpu.codegen.InputLayout;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.kernels.ConvertKernels;
import io.llm2clip.kernels.gpu.kernels.ElementwiseKernels;
import io.llm2clip.kernels.gpu.kernels.IndexKernels;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The launch of an elementwise operation, and the encoding of expressions. Devices compute with f32 elements; elements of other types they
 * copy, and convert where they are contiguous.
 */
final class ElementwisePlan {
    private static final DeviceKernel INTERPRETER =
            DeviceKernel.of(ElementwiseKernels.class, ElementwiseKernels.NAME, FLOATS, PARAMS, SCALARS);

    private static final DeviceKernel COPY_INTS = DeviceKernel.of(IndexKernels.class, "k_copyInts", INTS, PARAMS);
    private static final DeviceKernel COPY_HALVES = DeviceKernel.of(IndexKernels.class, "k_copyHalves", HALVES, PARAMS);
    private static final DeviceKernel FLOAT_TO_BFLOAT16 = conversion("k_floatToBFloat16", HALVES);
    private static final DeviceKernel BFLOAT16_TO_FLOAT = conversion("k_bfloat16ToFloat", HALVES);
    private static final DeviceKernel FLOAT_TO_FLOAT16 = conversion("k_floatToFloat16", HALVES);
    private static final DeviceKernel FLOAT16_TO_FLOAT = conversion("k_float16ToFloat", HALVES);
    private static final DeviceKernel FLOAT_TO_INT = conversion("k_floatToInt", INTS);
    private static final DeviceKernel INT_TO_FLOAT = conversion("k_intToFloat", INTS);

    private ElementwisePlan() {}

    /**
     * A launch of a kernel generated for the expression or, if there are too many of these, of the interpreter; copies of other
     * types than f32 and conversions have kernels of their own.
     *
     * @throws IllegalArgumentException if the operation computes with elements of other types
     */
    static List<DeviceLaunch> launches(Elementwise op) {
        if (op.isOfFloats()) {
            return launches(op, layouts -> GeneratedKernels.elementwise(INTERPRETER, op.expression(), layouts));
        }
        if (op.isCopy()) {
            DeviceKernel kernel = op.output() == DType.I32 ? COPY_INTS : COPY_HALVES;
            return launches(op, layouts -> Optional.of(kernel));
        }
        DeviceKernel conversion = conversion(op);
        if (conversion == null) {
            throw new IllegalArgumentException("Elementwise of "
                    + op.sources().stream().map(Elementwise.Source::dtype).toList() + " elements into " + op.output()
                    + " ones runs on the CPU only, a device computes with F32 and converts contiguous elements from"
                    + " and to it; convert before and after.");
        }
        long elements = op.operands().getLast().elements();
        Grid grid = elements == 0 ? null : Grid.elements(elements);
        return grid == null ? List.of() : List.of(new DeviceLaunch(conversion, grid, List.of(grid.x()), List.of()));
    }

    private static @Nullable DeviceKernel conversion(Elementwise op) {
        if (!op.isIdentity() || !op.isDense(0)) {
            return null;
        }
        DType from = op.sources().getFirst().dtype().stored();
        return switch (op.output()) {
            case F32, BOOL ->
                switch (from) {
                    case BF16 -> BFLOAT16_TO_FLOAT;
                    case F16 -> FLOAT16_TO_FLOAT;
                    case I32 -> INT_TO_FLOAT;
                    case F32, BOOL, Q8, Q4 -> null;
                };
            case BF16 -> from == DType.F32 ? FLOAT_TO_BFLOAT16 : null;
            case F16 -> from == DType.F32 ? FLOAT_TO_FLOAT16 : null;
            case I32 -> from == DType.F32 ? FLOAT_TO_INT : null;
            case Q8, Q4 -> null;
        };
    }

    private static DeviceKernel conversion(String name, DeviceKernel.Role other) {
        return DeviceKernel.of(ConvertKernels.class, name, FLOATS, other, PARAMS);
    }

    /** A launch of the interpreter. */
    static List<DeviceLaunch> interpreted(Elementwise op) {
        return launches(op, layouts -> Optional.empty());
    }

    private static List<DeviceLaunch> launches(
            Elementwise op, Function<List<InputLayout>, Optional<DeviceKernel>> generated) {
        long elements = op.operands().getLast().elements();
        if (elements == 0) {
            return List.of();
        }
        Grid grid = Grid.elements(elements);
        List<Integer> shape = new ArrayList<>();
        List<List<Integer>> strides = new ArrayList<>();
        op.sources().forEach(input -> strides.add(new ArrayList<>()));
        for (int d = 0; d < op.shape().size(); d++) {
            append(shape, strides, op, d);
        }
        Optional<DeviceKernel> kernel = generated.apply(
                strides.stream().map(input -> InputLayout.of(shape, input)).toList());
        List<Integer> code = kernel.isPresent() ? List.of() : code(op.expression());
        List<Integer> dimensions = new ArrayList<>(List.of(
                grid.x(), shape.size(), op.expression().inputs(), code.size() / ElementwiseKernels.INSTRUCTION));
        dimensions.addAll(shape);
        strides.forEach(dimensions::addAll);
        dimensions.addAll(code);
        return List.of(new DeviceLaunch(kernel.orElse(INTERPRETER), grid, dimensions, literals(op.expression())));
    }

    /** Appends a dimension, merged into the one before where all inputs run through both with one stride. */
    private static void append(List<Integer> shape, List<List<Integer>> strides, Elementwise op, int dimension) {
        int extent = op.shape().get(dimension);
        if (extent == 1) {
            return;
        }
        boolean merge = !shape.isEmpty();
        for (int i = 0; i < strides.size() && merge; i++) {
            merge = strides.get(i).getLast() == op.sources().get(i).strides().get(dimension) * extent;
        }
        if (merge) {
            extent *= shape.removeLast();
            strides.forEach(List::removeLast);
        }
        shape.add(extent);
        for (int i = 0; i < strides.size(); i++) {
            strides.get(i).add(op.sources().get(i).strides().get(dimension));
        }
    }

    /** Opcode and operands of each instruction; operands that it ignores are 0. */
    static List<Integer> code(Expression expression) {
        List<Integer> code = new ArrayList<>();
        for (Instruction instruction : expression.instructions()) {
            int arity = instruction.opcode().arity();
            code.add(instruction.opcode().ordinal());
            code.add(arity > 0 ? instruction.a() : 0);
            code.add(arity > 1 ? instruction.b() : 0);
            code.add(arity > 2 ? instruction.c() : 0);
        }
        return code;
    }

    static List<Float> literals(Expression expression) {
        return expression.instructions().stream().map(Instruction::literal).toList();
    }
}
