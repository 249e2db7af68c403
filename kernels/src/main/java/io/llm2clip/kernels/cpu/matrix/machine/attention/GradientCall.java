package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.operations.AttentionShape;

/** The argument of a {@link GradientProgram}: a {@link BlockCall} of one chunk, all keys, and what is behind it. */
final class GradientCall {
    /** The description of the keys. */
    static final int CHUNK = BlockCall.CHUNK_TABLE;
    /** The first gradient of an output; rows are as far apart as queries are. */
    static final int OUTPUT_GRADIENTS = CHUNK + BlockCall.CHUNK_BYTES;
    /** Where the gradients of scores are, a row of lanes for each key. */
    static final int SCORE_GRADIENTS = OUTPUT_GRADIENTS + 8;
    /** The same queries, and gradients of outputs, as rows of whole vectors. */
    static final int QUERY_VECTORS = SCORE_GRADIENTS + 8;

    static final int OUTPUT_GRADIENT_VECTORS = QUERY_VECTORS + 8;
    /** Where gradients of keys, and of values, are summed, as rows of whole vectors. */
    static final int KEY_GRADIENTS = OUTPUT_GRADIENT_VECTORS + 8;

    static final int VALUE_GRADIENTS = KEY_GRADIENTS + 8;
    /** The keys as tiles of six, of two and of one. */
    static final int SIXES = VALUE_GRADIENTS + 8;

    static final int TWOS = SIXES + 8;
    static final int ONES = TWOS + 8;
    /** How many queries there are. */
    static final int COUNT = ONES + 8;
    /** f32: the scale. */
    static final int SCALE = COUNT + 8;

    /** A multiple of 64. */
    static final int BYTES = 768;

    private GradientCall() {}

    /** Sets what is the same for all blocks. */
    static void setConstants(long call, VectorWidth width, AttentionShape shape) {
        BlockCall.setConstants(call, width, shape);
        Memory.putFloat(call + SCALE, shape.scale());
    }

    /**
     * Describes the keys.
     *
     * @param keys how many there are, at least 1
     * @param all how many of them all queries see; each query after the first sees one more
     */
    static void setKeys(long call, BlockShape shape, int keys, int all) {
        BlockCall.setChunk(call, call + CHUNK, shape, 0, keys, all);
        BlockCall.set(call, SIXES, keys / 6);
        BlockCall.set(call, TWOS, keys % 6 / 2);
        BlockCall.set(call, ONES, keys % 2);
    }
}
