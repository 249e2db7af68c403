package io.llm2clip.kernels.gpu.launch;

import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.FLOATS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.HALVES;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.INTS;
import static io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role.PARAMS;

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
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * The launch of an elementwise operation, and the encoding of expressions. Devices compute with f32 elements; elements of other types they
 * copy, and convert where they are contiguous.
 */
final class ElementwisePlan {
    private static final DeviceKernel COPY_INTS = DeviceKernel.of(IndexKernels.class, "k_copyInts", INTS, INTS, PARAMS);
    private static final DeviceKernel COPY_HALVES =
            DeviceKernel.of(IndexKernels.class, "k_copyHalves", HALVES, HALVES, PARAMS);

    /** From f32, by the type that is converted to. */
    private static final Map<DType, DeviceKernel> NARROWING = Map.of(
            DType.BF16, conversion("k_floatToBFloat16", FLOATS, HALVES),
            DType.F16, conversion("k_floatToFloat16", FLOATS, HALVES),
            DType.I32, conversion("k_floatToInt", FLOATS, INTS));

    /** To f32, by the type that is converted from. */
    private static final Map<DType, DeviceKernel> WIDENING = Map.of(
            DType.BF16, conversion("k_bfloat16ToFloat", HALVES, FLOATS),
            DType.F16, conversion("k_float16ToFloat", HALVES, FLOATS),
            DType.I32, conversion("k_intToFloat", INTS, FLOATS));

    private ElementwisePlan() {}

    /**
     * A launch of a kernel generated for the expression or, if there are too many of these, of one that interprets expressions;
     * copies of other types than f32 and conversions have kernels of their own.
     *
     * @throws IllegalArgumentException as {@link #requireSupported}
     */
    static List<DeviceLaunch> launches(Elementwise op) {
        if (op.isOfFloats()) {
            return launches(op, layouts -> GeneratedKernels.elementwise(op.expression(), layouts));
        }
        if (op.isCopy()) {
            DeviceKernel kernel = op.output() == DType.I32 ? COPY_INTS : COPY_HALVES;
            return launches(op, layouts -> Optional.of(kernel));
        }
        DeviceKernel conversion = conversion(op);
        long elements = op.operands().getLast().elements();
        if (elements == 0) {
            return List.of();
        }
        Grid grid = Grid.elements(elements);
        return List.of(new DeviceLaunch(conversion, grid, List.of(grid.x()), List.of()));
    }

    /** @throws IllegalArgumentException if the operation computes with elements of other types than f32, or converts a view */
    static void requireSupported(Elementwise op) {
        if (!op.isOfFloats() && !op.isCopy()) {
            conversion(op);
        }
    }

    private static DeviceKernel conversion(Elementwise op) {
        List<DType> from =
                op.sources().stream().map(source -> source.dtype().stored()).toList();
        DeviceKernel kernel = null;
        if (op.isIdentity() && op.isDense(0)) {
            kernel = from.getFirst() == DType.F32 ? NARROWING.get(op.output()) : null;
            kernel = op.output().stored() == DType.F32 ? WIDENING.get(from.getFirst()) : kernel;
        }
        if (kernel == null) {
            throw new IllegalArgumentException("Elementwise of " + from + " elements into " + op.output()
                    + " ones runs on the CPU only, a device computes with F32 and converts contiguous elements from and to"
                    + " it; convert before and after.");
        }
        return kernel;
    }

    private static DeviceKernel conversion(String name, DeviceKernel.Role from, DeviceKernel.Role to) {
        return DeviceKernel.of(ConvertKernels.class, name, from, to, PARAMS);
    }

    /** A launch of a kernel that interprets the expression. */
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
        return List.of(new DeviceLaunch(
                kernel.orElseGet(() ->
                        GeneratedKernels.interpretingElementwise(op.expression().inputs())),
                grid,
                dimensions,
                literals(op.expression())));
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
