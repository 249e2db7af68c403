package io.llm2clip.kernels.cpu.machine.expression;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.operations.Expression;

/** The argument of an {@link ExpressionProgram}, in off-heap memory. */
public final class ExpressionCall {
    /** Bytes of a vector. */
    static final int VECTOR = 64;

    static final int OUT = 0;
    /** Pairs of vectors, then single ones, then the mask of the elements of a last one, or 0. */
    static final int PAIRS = 8;

    static final int SINGLES = 16;
    static final int MASK = 24;
    static final int INPUTS = 32;
    static final int CONSTANTS = INPUTS + Expression.MAX_VALUES * Long.BYTES;

    /** Memory that a call takes, aligned as longs are. */
    public static final int BYTES = CONSTANTS + ExpressionAssembly.maxConstants() * Float.BYTES;

    private static final int LANES = VECTOR / Float.BYTES;

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
     * @param count number of elements
     * @param inputs an f32 address an input
     * @param out address where the results go; may equal an input's address
     */
    public static void set(long call, int count, long[] inputs, long out) {
        int vectors = count / LANES;
        ALL.set(JAVA_LONG, call + OUT, out);
        ALL.set(JAVA_LONG, call + PAIRS, vectors / 2);
        ALL.set(JAVA_LONG, call + SINGLES, vectors % 2);
        ALL.set(JAVA_LONG, call + MASK, (1L << count % LANES) - 1);
        for (int input = 0; input < inputs.length; input++) {
            ALL.set(JAVA_LONG, call + INPUTS + (long) input * Long.BYTES, inputs[input]);
        }
    }
}
