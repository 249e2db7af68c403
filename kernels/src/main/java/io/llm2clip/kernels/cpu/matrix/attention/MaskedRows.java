package io.llm2clip.kernels.cpu.matrix.attention;

import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;
import static io.llm2clip.kernels.cpu.simd.Vectors.load;

import io.llm2clip.kernels.cpu.matrix.attention.Sequences.Sequence;
import io.llm2clip.kernels.cpu.simd.VectorMath;
import io.llm2clip.kernels.cpu.simd.Vectors;
import jdk.incubator.vector.FloatVector;

/** What some queries of a block see and others do not, in gradients of attention. */
public final class MaskedRows {
    private MaskedRows() {}

    /**
     * Whether all keys that a block's queries see are finite, with their values, and these queries with their gradients, too: the gradient 0
     * of a score that does not exist keeps nothing else away, neither what only others see nor what all sum. True where all see the same.
     *
     * @param operands addresses of the gradient's operands
     * @param head the query head
     * @param from the block's first query
     * @param to behind its last
     */
    public static boolean areFinite(HeadLayout layout, long[] operands, Sequence sequence, int head, int from, int to) {
        int seen = layout.keysSeen(sequence, to);
        if (seen == layout.keysSeen(sequence, from + 1)) {
            return true;
        }
        int size = layout.shape().headSize();
        long queries = layout.query(sequence, head, from);
        long keys = layout.key(sequence, head / layout.group());
        return finite(operands[1] + keys, seen, layout.keyRow(), size)
                && finite(operands[2] + keys, seen, layout.keyRow(), size)
                && finite(operands[0] + queries, to - from, layout.queryRow(), size)
                && finite(operands[4] + queries, to - from, layout.queryRow(), size);
    }

    private static boolean finite(long x, int rows, long row, int size) {
        for (int r = 0; r < rows; r++) {
            if (!isFinite(x + r * row, size)) {
                return false;
            }
        }
        return true;
    }

    /** Whether x has neither NaN nor an infinity, of any length. */
    public static boolean isFinite(long x, int count) {
        FloatVector zeros = FloatVector.zero(VectorMath.SPECIES);
        for (int j = 0; j < count; j += LANES) {
            long at = x + j * 4L;
            FloatVector some = j <= count - LANES ? load(at) : load(at, Vectors.first(count - j));
            zeros = some.fma(FloatVector.zero(VectorMath.SPECIES), zeros);
        }
        return Vectors.sum(zeros) == 0;
    }
}
