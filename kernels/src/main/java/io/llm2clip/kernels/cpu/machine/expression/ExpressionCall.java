package io.llm2clip.kernels.cpu.machine.expression;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.operations.Expression;

/** The argument of an {@link ExpressionProgram}, in off-heap memory. */
public final class ExpressionCall {
    static final int OUT = 0;
    /** Pairs of vectors, then single ones, then the elements of a last one, or 0. */
    static final int PAIRS = 8;

    static final int SINGLES = 16;
    static final int REST = 24;
    static final int INPUTS = 32;
    static final int CONSTANTS = INPUTS + Expression.MAX_VALUES * Long.BYTES;
    /** Which elements of the last vector exist, as {@link VectorWidth#mask} writes it, if there is one. */
    static final int MASK = CONSTANTS + ExpressionAssembly.maxConstants() * Float.BYTES;

    /** Memory that a call takes, aligned as longs are. */
    public static final int BYTES = MASK + VectorWidth.MASK_BYTES;

    private ExpressionCall() {}

    /** Writes what is the same in all calls for an expression: its constants. */
    public static void prepare(long call, Expression expression) {
        float[] constants = ExpressionAssembly.constants(expression);
        for (int i = 0; i < constants.length; i++) {
            Memory.putFloat(call + CONSTANTS + (long) i * Float.BYTES, constants[i]);
        }
    }

    /**
     * Writes what is another in each call.
     *
     * @param width of the program's vectors
     * @param count number of elements
     * @param inputs an f32 address an input
     * @param out address where the results go; may equal an input's address
     */
    public static void set(long call, VectorWidth width, int count, long[] inputs, long out) {
        int vectors = count / width.count();
        int rest = count % width.count();
        ALL.set(JAVA_LONG, call + OUT, out);
        ALL.set(JAVA_LONG, call + PAIRS, vectors / 2);
        ALL.set(JAVA_LONG, call + SINGLES, vectors % 2);
        ALL.set(JAVA_LONG, call + REST, rest);
        if (rest > 0) {
            width.mask(call + MASK, 0, rest);
        }
        for (int input = 0; input < inputs.length; input++) {
            ALL.set(JAVA_LONG, call + INPUTS + (long) input * Long.BYTES, inputs[input]);
        }
    }
}
