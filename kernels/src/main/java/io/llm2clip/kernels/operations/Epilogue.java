package io.llm2clip.kernels.operations;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is computed of each element of a {@link Matmul} before it is stored.
 *
 * @param expression value 0 is the element, values 1.. the extra operands
 * @param extras layouts of the extra operands
 * @param panels the layout of those of the output's shape, where they were written packed; the output is then written so, too
 */
public record Epilogue(
        Expression expression,
        List<Broadcast> extras,
        @Nullable RowPanels panels) {
    /** Stores elements as they are. */
    public static final Epilogue NONE = new Epilogue(Expression.IDENTITY, List.of());

    public Epilogue {
        extras = List.copyOf(extras);
        Checks.require(
                expression.inputs() == 1 + extras.size(),
                "Matmul: epilogue with 1 + " + extras.size() + " inputs",
                expression);
    }

    /** Of extra operands that are stored by rows. */
    public Epilogue(Expression expression, List<Broadcast> extras) {
        this(expression, extras, null);
    }

    /** The same with extra operands of the output's shape in panels. */
    public Epilogue withPanels(RowPanels layout) {
        return new Epilogue(expression, extras, layout);
    }

    /** Whether an extra operand is in panels. */
    public boolean packs(int extra) {
        return panels != null && extras.get(extra) == Broadcast.FULL;
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
