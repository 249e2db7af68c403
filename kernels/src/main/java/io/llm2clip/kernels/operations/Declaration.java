package io.llm2clip.kernels.operations;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What a {@link CustomOp} says of its operands has to make sense, before anything is planned with it. */
public final class Declaration {
    private Declaration() {}

    /**
     * Checks the operands of an operation.
     *
     * @throws OperationException if it throws when asked for them
     * @throws IllegalArgumentException naming the operation, what is wrong with them, and what to do
     */
    public static void require(CustomOp op) {
        List<Operand> operands = OperationException.calling(op, "operands()", () -> List.copyOf(op.operands()));
        if (op.name().isBlank()) {
            throw new IllegalArgumentException(
                    "An operation of " + op.getClass() + " has no name; expected one for messages.");
        }
        Set<String> names = new HashSet<>();
        int access = 0;
        for (Operand operand : operands) {
            String what = "Operation " + op.name() + ": operand '" + operand.name() + "'";
            if (!names.add(operand.name())) {
                throw new IllegalArgumentException(what + " is there twice, expected a name of its own for each.");
            }
            if (operand.access().ordinal() < access) {
                throw new IllegalArgumentException(what + " is " + operand.access() + " and follows one that is "
                        + Operand.Access.values()[access] + ", expected inputs first; change their order.");
            }
            access = operand.access().ordinal();
            if (operand.packing() != null) {
                throw new IllegalArgumentException(
                        what + " is packed, expected elements in their own order; only matmuls read packed operands.");
            }
            if (operand.access() != Operand.Access.READ && operand.dtype().isQuantized()) {
                throw new IllegalArgumentException(what + " is written as " + operand.dtype()
                        + ", expected a dense format; quantized elements are read only.");
            }
        }
        if (op.results().isEmpty() == op.updates().isEmpty()) {
            throw new IllegalArgumentException("Operation " + op.name() + " has "
                    + op.results().size() + " results and updates "
                    + op.updates().size() + " operands, expected results or updates, and not both; "
                    + (op.results().isEmpty()
                            ? "declare what it writes by Operand.out or Operand.update."
                            : "make two operations of it."));
        }
        if (!op.operands().equals(operands)) {
            throw new IllegalArgumentException("Operation " + op.name()
                    + " has other operands each time it is asked, expected the same ones; make it a record.");
        }
    }
}
