package io.llm2clip.kernels.cpu.machine.expression;

import io.llm2clip.kernels.cpu.machine.Comparison;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.Lanes512;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.Opcode;
import java.util.EnumSet;
import java.util.Set;

/**
 * Encodes an {@link Expression} over vectors of either width, all of whose values are in registers. Programs read literals from memory, so
 * expressions of one {@linkplain Expression#shape shape} share them. They overwrite all vector registers, and mask 3 where there are masks.
 */
public final class ExpressionAssembly {
    /** No kernel has them in a place where they would cost much. */
    private static final Set<Opcode> NOT_ENCODED = EnumSet.of(Opcode.LOG, Opcode.SIN, Opcode.COS);

    private final Expression expression;
    private final Slots slots;
    private final Functions functions;
    private final SideBySide vectors;
    private final Lanes lanes;
    private final int[] temporary;
    private int literal = Constants.literals();

    private ExpressionAssembly(Expression expression, Slots slots, Functions functions) {
        this.expression = expression;
        this.slots = slots;
        this.functions = functions;
        vectors = functions.vectors;
        lanes = functions.lanes;
        temporary = functions.first;
    }

    /** Loads an input into registers, one a vector. */
    @FunctionalInterface
    public interface Inputs {
        void load(int input, int[] to);
    }

    /**
     * Whether there are instructions for all of an expression, and registers for all of its values.
     *
     * @param vectors how many are computed side by side
     */
    public static boolean encodes(Expression expression, VectorWidth width, int vectors) {
        return expression.instructions().stream().noneMatch(i -> NOT_ENCODED.contains(i.opcode()))
                && Slots.of(expression).count() + Functions.TEMPORARIES <= SideBySide.slots(width, vectors);
    }

    /** What the program of an expression reads where its constants are. */
    public static float[] constants(Expression expression) {
        return Constants.of(expression);
    }

    /** The most constants that any expression has. */
    public static int maxConstants() {
        return Constants.literals() + Expression.MAX_VALUES;
    }

    /**
     * Appends the computation.
     *
     * @param vectors how many are computed side by side
     * @param table register with an address of constants
     * @param offset from it to the first one
     * @return the registers of the results, one a vector
     */
    public static int[] append(
            Lanes512 lanes, Expression expression, int vectors, Gpr table, int offset, Inputs inputs) {
        Slots slots = Slots.of(expression);
        Functions functions = new FastFunctions(lanes, vectors, table, offset, slots.count());
        return new ExpressionAssembly(expression, slots, functions).append(inputs);
    }

    /** Appends the computation with the bits that {@code VectorMath} gives, as {@link #append}. */
    static int[] appendSame(SideBySide vectors, Expression expression, Inputs inputs) {
        Slots slots = Slots.of(expression);
        Functions functions = new SameFunctions(vectors, slots.count());
        return new ExpressionAssembly(expression, slots, functions).append(inputs);
    }

    private int[] append(Inputs inputs) {
        for (int input = 0; input < expression.inputs(); input++) {
            if (slots.ofValue()[input] >= 0) {
                inputs.load(input, value(input));
            }
        }
        for (int i = 0; i < expression.instructions().size(); i++) {
            append(expression.instructions().get(i), value(expression.inputs() + i));
        }
        return value(expression.result());
    }

    private int[] value(int number) {
        return vectors.slot(slots.ofValue()[number]);
    }

    private void append(Instruction instruction, int[] to) {
        int arity = instruction.opcode().arity();
        int[] x = arity > 0 ? value(instruction.a()) : to;
        int[] y = arity > 1 ? value(instruction.b()) : to;
        switch (instruction.opcode()) {
            case CONSTANT -> {
                vectors.each(v -> vectors.load(to[v], literal));
                literal++;
            }
            case ADD -> vectors.each(v -> lanes.add(to[v], x[v], y[v]));
            case SUBTRACT -> vectors.each(v -> lanes.subtract(to[v], x[v], y[v]));
            case MULTIPLY -> vectors.each(v -> lanes.multiply(to[v], x[v], y[v]));
            case DIVIDE -> vectors.each(v -> lanes.divide(to[v], x[v], y[v]));
            case MAXIMUM -> {
                vectors.each(v -> lanes.maximum(to[v], x[v], y[v]));
                vectors.each(v -> lanes.maximum(temporary[v], y[v], x[v]));
                // Instructions return the second of two zeros; the greater one has no sign.
                vectors.each(v -> lanes.and(to[v], to[v], temporary[v]));
                keepNaN(to, x);
                keepNaN(to, y);
            }
            case MINIMUM -> {
                int[] both = functions.second;
                vectors.each(v -> lanes.minimum(to[v], x[v], y[v]));
                vectors.each(v -> lanes.minimum(temporary[v], y[v], x[v]));
                // The smaller of two zeros has a sign if one of them does.
                vectors.each(v -> lanes.and(both[v], to[v], temporary[v]));
                vectors.each(v -> lanes.xor(to[v], to[v], temporary[v]));
                vectors.each(v -> lanes.xor(to[v], to[v], both[v]));
                keepNaN(to, x);
                keepNaN(to, y);
            }
            case NEGATE -> vectors.with(Constants.SIGN, (v, c) -> lanes.xor(to[v], x[v], c));
            case ABSOLUTE -> vectors.with(Constants.MAGNITUDE, (v, c) -> lanes.and(to[v], x[v], c));
            case EXP -> functions.exp(to, x);
            case SQRT -> vectors.each(v -> lanes.squareRoot(to[v], x[v]));
            case RSQRT -> {
                vectors.each(v -> lanes.squareRoot(to[v], x[v]));
                vectors.with(Constants.ONE, (v, c) -> lanes.divide(to[v], c, to[v]));
            }
            case TANH -> functions.tanh(to, x);
            case ERF -> functions.erf(to, x);
            case SIGMOID -> functions.sigmoid(to, x);
            case GREATER -> indicate(to, x, y, Comparison.GREATER);
            case EQUAL -> indicate(to, x, y, Comparison.EQUAL);
            case SELECT -> {
                int[] otherwise = value(instruction.c());
                vectors.each(v -> {
                    lanes.clear(temporary[v]);
                    lanes.choose(to[v], otherwise[v], y[v], x[v], temporary[v], Comparison.NOT_EQUAL, temporary[v]);
                });
            }
            case LOG, SIN, COS ->
                throw new IllegalArgumentException(
                        "No machine code for " + instruction.opcode() + "; ask encodes() first.");
        }
    }

    /** A NaN of an operand is the result. */
    private void keepNaN(int[] to, int[] x) {
        vectors.each(v -> lanes.choose(to[v], to[v], x[v], x[v], x[v], Comparison.UNORDERED, temporary[v]));
    }

    private void indicate(int[] to, int[] x, int[] y, Comparison comparison) {
        vectors.with(Constants.ONE, (v, one) -> {
            lanes.clear(to[v]);
            lanes.choose(to[v], to[v], one, x[v], y[v], comparison, temporary[v]);
        });
    }
}
