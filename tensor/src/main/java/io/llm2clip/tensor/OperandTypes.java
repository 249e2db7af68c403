package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.Declaration;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.OperationException;
import java.util.List;

/**
 * The element types and sizes that operations take. Every node is checked here when it is made, against what its operation declares:
 * kernels read bare memory, and other elements would be garbage to them.
 */
final class OperandTypes {
    private OperandTypes() {}

    /**
     * Checks a node that is about to be made.
     *
     * @throws TensorException naming the operand, its type, the type expected, and the cast that is missing
     */
    static void check(Operation operation, List<Tensor> inputs, Shape shape, DType dtype) {
        if (!(operation instanceof Operation.Output)) {
            inputs.forEach(OperandTypes::requireValue);
        }
        switch (operation) {
            case Operation.Pointwise(Opcode opcode) -> checkPointwise(opcode, inputs);
            case Operation.Kernel kernel -> checkKernel(kernel, inputs, shape, dtype);
            case Operation.Reinterpret(DType target) -> {
                if (inputs.getFirst().dtype().stored() != target.stored()) {
                    throw unexpected("reinterpret", target, inputs.getFirst());
                }
            }
            case Operation.Cast(DType to) -> {
                if (dtype != to) {
                    throw new IllegalStateException("A cast to " + to + " yields it, found " + dtype + ".");
                }
            }
            case Operation.Output(int index) -> checkOutput(index, inputs.getFirst(), shape, dtype);
            case Operation.Input _, Operation.Variable _ -> requireRows(shape, dtype);
            case Operation.Reshape _ -> requireDense("reshape", inputs.getFirst());
            case Operation.Permute _ -> requireDense("permute", inputs.getFirst());
            case Operation.Expand _ -> requireDense("expand", inputs.getFirst());
            case Operation.Slice _ -> requireDense("slice", inputs.getFirst());
            case Operation.Scalar _, Operation.StopGradient _, Operation.Recompute _, Operation.After _ -> {}
        }
    }

    /**
     * Checks a kernel that is to change variables.
     *
     * @throws TensorException naming the operand, its type and the type expected
     */
    static void checkUpdate(KernelOp op, List<Tensor> values, List<Tensor> variables) {
        requireDeclared(op);
        if (!op.results().isEmpty() || op.updates().isEmpty()) {
            throw new TensorException(
                    "Update by " + TensorText.name(op) + ", which yields results and updates nothing; expected a kernel"
                            + " that changes operands in place, use it as a node and assign what it yields.");
        }
        values.forEach(OperandTypes::requireValue);
        checkOperands(op, op.inputs(), values);
        checkOperands(op, op.updates(), variables);
    }

    /** What of the second operand of a matmul does not follow from the operation. */
    static void requireMatmul(Tensor b, boolean transposed) {
        DType format = b.dtype();
        if (format.isQuantized() && !transposed) {
            throw new TensorException(
                    "matmul (b): " + b.label() + " is quantized along its rows; expected a transposed second"
                            + " operand, as of matmulTransposed.");
        }
        if (!MatrixOperand.FORMATS.contains(format)) {
            throw unexpected("matmul (b)", DType.F32, b);
        }
    }

    /** Blocks of quantized elements cannot be taken apart. */
    static void requireDense(String name, Tensor x) {
        if (x.dtype().isQuantized()) {
            throw new TensorException(name + ": expected elements of a dense type, found " + x.label() + "; "
                    + remedy(x.dtype(), x.dtype()) + ".");
        }
    }

    private static void requireRows(Shape shape, DType dtype) {
        int block = dtype.blockSize();
        if (block > 1 && (shape.rank() == 0 || shape.dim(-1) % block != 0)) {
            throw new TensorException(dtype + " " + shape + ": expected rows of whole blocks of " + block
                    + " elements; pad them, or use a dense type.");
        }
    }

    private static void checkPointwise(Opcode opcode, List<Tensor> inputs) {
        for (int i = 0; i < inputs.size(); i++) {
            boolean condition = opcode == Opcode.SELECT && i == 0;
            DType expected = condition ? DType.BOOL : DType.F32;
            if (inputs.get(i).dtype() != expected) {
                String name = TensorText.name(opcode);
                throw unexpected(condition ? name + " (condition)" : name, expected, inputs.get(i));
            }
        }
    }

    /**
     * Refuses a kernel that no node can be, or that has other results than asked for.
     *
     * @throws TensorException saying so
     */
    static void requireResults(KernelOp op, int count) {
        requireDeclared(op);
        if (!op.updates().isEmpty()) {
            throw new TensorException(TensorText.name(op)
                    + " changes operands in place, so no node of a graph computes it; use it as an Update.");
        }
        int results = op.results().size();
        if (results != count) {
            throw new TensorException(TensorText.name(op) + ": expected " + results
                    + (results == 1 ? " shape, that of its result" : " shapes, those of its results") + ", found "
                    + count + "; pass a list of " + results + ".");
        }
    }

    /** What our own operations say of their operands is right. */
    private static void requireDeclared(KernelOp op) {
        if (op instanceof CustomOp custom) {
            try {
                Declaration.require(custom);
            } catch (IllegalArgumentException | OperationException e) {
                throw new TensorException(String.valueOf(e.getMessage()), e);
            }
        }
    }

    private static void checkKernel(Operation.Kernel kernel, List<Tensor> inputs, Shape shape, DType dtype) {
        KernelOp op = kernel.op();
        checkOperands(op, op.inputs(), inputs);
        List<Operand> results = op.results();
        for (int i = 0; i < results.size(); i++) {
            requireSize(op, results.get(i), kernel.shapes().get(i));
        }
        checkResult(op, results.getFirst(), shape, dtype);
    }

    private static void checkOperands(KernelOp op, List<Operand> operands, List<Tensor> found) {
        if (found.size() != operands.size()) {
            throw new TensorException(TensorText.name(op) + ": expected " + operands.size() + " operands "
                    + operands.stream().map(Operand::name).toList() + ", found " + found.size()
                    + "; pass those in this order.");
        }
        for (int i = 0; i < found.size(); i++) {
            Operand operand = operands.get(i);
            if (found.get(i).dtype() != operand.dtype()) {
                throw unexpected(TensorText.name(op) + " (" + operand.name() + ")", operand.dtype(), found.get(i));
            }
            requireSize(op, operand, found.get(i).shape());
        }
    }

    private static void checkOutput(int index, Tensor kernel, Shape shape, DType dtype) {
        if (!(kernel.operation() instanceof Operation.Kernel(KernelOp op, var _))
                || index >= op.results().size()) {
            throw new IllegalStateException("Output " + index + " of " + kernel.operation() + " does not exist.");
        }
        checkResult(op, op.results().get(index), shape, dtype);
    }

    private static void checkResult(KernelOp op, Operand result, Shape shape, DType dtype) {
        if (dtype != result.dtype()) {
            throw new TensorException(TensorText.name(op) + " (" + result.name() + "): expected a result of "
                    + result.dtype() + ", found " + dtype + " asked for; cast it afterwards.");
        }
        requireSize(op, result, shape);
    }

    /** The node of a kernel of several results is none of them. */
    private static void requireValue(Tensor input) {
        if (input.operation() instanceof Operation.Kernel kernel && kernel.several()) {
            throw new IllegalStateException(
                    kernel.op() + " has " + kernel.op().results().size() + " results; read them by Operation.Output.");
        }
    }

    /** Shapes are the business of who makes a node; that a kernel stays within its memory is checked nevertheless. */
    private static void requireSize(KernelOp op, Operand operand, Shape shape) {
        if (shape.size() != operand.elements()) {
            throw new TensorException(TensorText.name(op) + " (" + operand.name() + "): expected "
                    + operand.elements() + " elements, found shape " + shape
                    + "; make the operation for the shapes that it gets.");
        }
    }

    private static TensorException unexpected(String operand, DType expected, Tensor found) {
        return new TensorException(operand + ": expected elements of type " + expected + ", found " + found.label()
                + "; " + remedy(expected, found.dtype()) + ".");
    }

    private static String remedy(DType expected, DType found) {
        if (found.isQuantized()) {
            return "quantized elements are read by matmulTransposed and gather only, load them in a dense type";
        }
        if (expected == DType.BOOL) {
            return "compare, as in greater(scalar(0))";
        }
        boolean direct = expected == DType.F32 || found == DType.F32;
        return direct ? "add cast(" + expected + ")" : "add cast(F32).cast(" + expected + ")";
    }
}
