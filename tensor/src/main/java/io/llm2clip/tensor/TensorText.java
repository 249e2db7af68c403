package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.reference.StoredElements;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Tensors and their operations for people. */
final class TensorText {
    private static final int SHOWN = 8;

    private TensorText() {}

    /** Type and shape, with the name of what has one. */
    static String label(Tensor tensor) {
        String typed = tensor.dtype() + " " + tensor.shape();
        return switch (tensor.operation()) {
            case Operation.Input(String name) -> "'" + name + "' " + typed;
            case Operation.Variable(String name, TensorData _) -> "'" + name + "' " + typed;
            default -> typed;
        };
    }

    /** What a node is: values where they are known, or how they are computed. */
    static String of(Tensor tensor) {
        return switch (tensor.operation()) {
            case Operation.Input _ -> "input " + label(tensor);
            case Operation.Variable(String name, TensorData data) -> "variable '" + name + "' " + data;
            case Operation.Scalar(float value) -> label(tensor) + ": " + value;
            case Operation.Output(int index) ->
                label(tensor) + " = result " + index + " of "
                        + call(tensor.inputs().getFirst());
            default -> label(tensor) + " = " + call(tensor);
        };
    }

    private static String call(Tensor tensor) {
        return tensor.inputs().stream()
                .map(TensorText::label)
                .collect(Collectors.joining(", ", name(tensor.operation()) + "(", ")"));
    }

    private static String name(Operation operation) {
        return switch (operation) {
            case Operation.Pointwise(Opcode opcode) -> name(opcode);
            case Operation.Kernel(KernelOp op, var _) -> name(op);
            default -> lowerFirst(operation.getClass().getSimpleName());
        };
    }

    /** The name under which graphs call an operation. */
    static String name(Opcode opcode) {
        return opcode == Opcode.SELECT ? "where" : lowerCase(opcode);
    }

    /** The name under which graphs call an operation. */
    static String name(KernelOp op) {
        return switch (op) {
            case Reduce reduce -> lowerCase(reduce.reduction());
            case Matmul _ -> "matmul";
            case CustomOp _ -> op.name();
            default -> lowerFirst(op.name());
        };
    }

    /** The first elements, those of quantized types as the numbers that they stand for. */
    static String firstValues(DType dtype, int size, MemorySegment memory) {
        StoredElements elements = new StoredElements(dtype, memory);
        String shown = IntStream.range(0, Math.min(size, SHOWN))
                .mapToObj(i -> switch (dtype) {
                    case BOOL -> String.valueOf(elements.get(i) != 0);
                    case I32 -> String.valueOf(elements.getInt(i));
                    default -> String.valueOf(elements.get(i));
                })
                .collect(Collectors.joining(", "));
        return size > SHOWN ? shown + ", ..." : shown;
    }

    private static String lowerFirst(String name) {
        return name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
    }

    private static String lowerCase(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
