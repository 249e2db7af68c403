package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.matrix.attention.HeadLayout;
import io.llm2clip.kernels.cpu.matrix.attention.Sequences.Sequence;
import io.llm2clip.kernels.operations.AttentionShape;

/**
 * One key/value head of one sequence, and the query heads that read it.
 *
 * @param layout where heads are
 * @param operands addresses of the attention's operands
 * @param number which key/value head it is
 */
record KeyValueHead(HeadLayout layout, long[] operands, Sequence sequence, int number) {

    AttentionShape shape() {
        return layout.shape();
    }

    /** The first of the query heads. */
    int firstHead() {
        return number * layout.group();
    }

    /** Address of a row of a query head. */
    long query(int head, int row) {
        return operands[0] + layout.query(sequence, head, row);
    }

    /** Address of a row of a query head's result. */
    long output(int head, int row) {
        return operands[4] + layout.query(sequence, head, row);
    }

    /** Address of the first key. */
    long keys() {
        return operands[1] + layout.key(sequence, number);
    }

    /** Address of the first value. */
    long values() {
        return operands[2] + layout.key(sequence, number);
    }

    /** Keys that any query before {@code queryEnd} sees. */
    int keysSeen(int queryEnd) {
        return layout.keysSeen(sequence, queryEnd);
    }
}
