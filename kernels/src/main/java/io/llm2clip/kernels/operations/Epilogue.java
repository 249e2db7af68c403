package io.llm2clip.kernels.operations;

import java.util.List;

/**
 * What is computed of each element of a {@link Matmul} before it is stored.
 *
 * @param expression value 0 is the element, values 1.. the extra operands
 * @param extras layouts of the extra operands
 */
public record Epilogue(Expression expression, List<Broadcast> extras) {
    /** Stores elements as they are. */
    public static final Epilogue NONE = new Epilogue(Expression.IDENTITY, List.of());

    public Epilogue {
        extras = List.copyOf(extras);
        Checks.require(
                expression.inputs() == 1 + extras.size(),
                "Matmul: epilogue with 1 + " + extras.size() + " inputs",
                expression);
    }

    /** Whether there is nothing to compute. */
    public boolean isIdentity() {
        return expression.instructions().isEmpty();
    }

    /** Whether it only adds the one extra operand, which is a bias or has the output's shape. */
    public boolean addsExtra() {
        List<Expression.Instruction> instructions = expression.instructions();
        return instructions.size() == 1
                && instructions.getFirst().opcode() == Opcode.ADD
                && instructions.getFirst().a() != instructions.getFirst().b()
                && extras.size() == 1
                && extras.getFirst() != Broadcast.SCALAR;
    }
}
