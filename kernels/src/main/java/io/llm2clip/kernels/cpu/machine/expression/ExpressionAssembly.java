package io.llm2clip.kernels.cpu.machine.expression;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Comparison;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.Opcode;
import java.util.EnumSet;
import java.util.Set;

/**
 * Encodes an {@link Expression} over vectors of 512 bits, all of whose values are in registers. Programs read literals from memory, so
 * expressions of one {@linkplain Expression#shape shape} share them. They overwrite all vector registers, and masks 3 and 4.
 */
public final class ExpressionAssembly {
    /** No kernel has them in a place where they would cost much. */
    private static final Set<Opcode> NOT_ENCODED = EnumSet.of(Opcode.LOG, Opcode.SIN, Opcode.COS);

    private static final Mask[] CHOSEN = {new Mask(3), new Mask(4)};
    private static final int MAX_VECTORS = CHOSEN.length;

    private final Expression expression;
    private final LaneCode lanes;
    private final Assembler a;
    private final Slots slots;
    private final Functions functions;
    private final Zmm[] temporary;
    private int literal = Constants.literals();

    private ExpressionAssembly(Expression expression, LaneCode lanes, boolean fast) {
        this.expression = expression;
        this.lanes = lanes;
        a = lanes.assembler();
        slots = Slots.of(expression);
        temporary = lanes.slot(slots.count());
        Zmm[] second = lanes.slot(slots.count() + 1);
        Zmm[] third = lanes.slot(slots.count() + 2);
        functions = fast
                ? new FastFunctions(lanes, temporary, second, third)
                : new SameFunctions(lanes, temporary, second, third);
    }

    /** Loads an input into registers, one a vector. */
    @FunctionalInterface
    public interface Inputs {
        void load(int input, Zmm[] to);
    }

    /** Whether there are instructions for all of an expression, and registers for all of its values. */
    public static boolean encodes(Expression expression) {
        return expression.instructions().stream().noneMatch(i -> NOT_ENCODED.contains(i.opcode()))
                && Slots.of(expression).count() + Functions.TEMPORARIES <= LaneCode.slots(MAX_VECTORS);
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
     * @param vectors 1 or 2, which are computed side by side
     * @param table register with an address of constants
     * @param offset from it to the first one
     * @return where the results are, one a vector
     */
    public static Zmm[] append(Assembler a, Expression expression, int vectors, Gpr table, int offset, Inputs inputs) {
        return new ExpressionAssembly(expression, new LaneCode(a, vectors, table, offset), true).append(inputs);
    }

    /** Appends the computation with the bits that {@code VectorMath} gives, as {@link #append}. */
    static Zmm[] appendSame(Assembler a, Expression expression, int vectors, Gpr table, int offset, Inputs inputs) {
        return new ExpressionAssembly(expression, new LaneCode(a, vectors, table, offset), false).append(inputs);
    }

    private Zmm[] append(Inputs inputs) {
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

    private Zmm[] value(int number) {
        return lanes.slot(slots.ofValue()[number]);
    }

    private void append(Instruction instruction, Zmm[] to) {
        int arity = instruction.opcode().arity();
        Zmm[] x = arity > 0 ? value(instruction.a()) : to;
        Zmm[] y = arity > 1 ? value(instruction.b()) : to;
        switch (instruction.opcode()) {
            case CONSTANT -> {
                lanes.each(v -> lanes.load(to[v], literal));
                literal++;
            }
            case ADD -> lanes.each(v -> a.vaddps(to[v], x[v], y[v]));
            case SUBTRACT -> lanes.each(v -> a.vsubps(to[v], x[v], y[v]));
            case MULTIPLY -> lanes.each(v -> a.vmulps(to[v], x[v], y[v]));
            case DIVIDE -> lanes.each(v -> a.vdivps(to[v], x[v], y[v]));
            case MAXIMUM -> {
                lanes.each(v -> a.vmaxps(to[v], x[v], y[v]));
                lanes.each(v -> a.vmaxps(temporary[v], y[v], x[v]));
                // Instructions return the second of two zeros; the greater one has no sign.
                lanes.each(v -> a.vpandd(to[v], to[v], temporary[v]));
                keepNaN(to, x);
                keepNaN(to, y);
            }
            case MINIMUM -> {
                Zmm[] both = lanes.slot(slots.count() + 1);
                lanes.each(v -> a.vminps(to[v], x[v], y[v]));
                lanes.each(v -> a.vminps(temporary[v], y[v], x[v]));
                // The smaller of two zeros has a sign if one of them does.
                lanes.each(v -> a.vpandd(both[v], to[v], temporary[v]));
                lanes.each(v -> a.vpxord(to[v], to[v], temporary[v]));
                lanes.each(v -> a.vpxord(to[v], to[v], both[v]));
                keepNaN(to, x);
                keepNaN(to, y);
            }
            case NEGATE -> lanes.with(Constants.SIGN, (v, c) -> a.vpxord(to[v], x[v], c));
            case ABSOLUTE -> lanes.with(Constants.MAGNITUDE, (v, c) -> a.vpandd(to[v], x[v], c));
            case EXP -> functions.exp(to, x);
            case SQRT -> lanes.each(v -> a.vsqrtps(to[v], x[v]));
            case RSQRT -> {
                lanes.each(v -> a.vsqrtps(to[v], x[v]));
                lanes.with(Constants.ONE, (v, c) -> a.vdivps(to[v], c, to[v]));
            }
            case TANH -> functions.tanh(to, x);
            case ERF -> functions.erf(to, x);
            case SIGMOID -> functions.sigmoid(to, x);
            case GREATER -> indicate(to, x, y, Comparison.GREATER);
            case EQUAL -> indicate(to, x, y, Comparison.EQUAL);
            case SELECT -> {
                Zmm[] otherwise = value(instruction.c());
                lanes.each(v -> {
                    a.vpxord(temporary[v], temporary[v], temporary[v]);
                    a.vcmpps(CHOSEN[v], x[v], temporary[v], Comparison.NOT_EQUAL);
                    a.vblendmps(to[v], CHOSEN[v], otherwise[v], y[v]);
                });
            }
            case LOG, SIN, COS ->
                throw new IllegalArgumentException(
                        "No machine code for " + instruction.opcode() + "; ask encodes() first.");
        }
    }

    /** A NaN of an operand is the result. */
    private void keepNaN(Zmm[] to, Zmm[] x) {
        lanes.each(v -> {
            a.vcmpps(CHOSEN[v], x[v], x[v], Comparison.UNORDERED);
            a.vblendmps(to[v], CHOSEN[v], to[v], x[v]);
        });
    }

    private void indicate(Zmm[] to, Zmm[] x, Zmm[] y, Comparison comparison) {
        lanes.with(Constants.ONE, (v, one) -> {
            a.vcmpps(CHOSEN[v], x[v], y[v], comparison);
            a.vpxord(to[v], to[v], to[v]);
            a.vblendmps(to[v], CHOSEN[v], to[v], one);
        });
    }
}
