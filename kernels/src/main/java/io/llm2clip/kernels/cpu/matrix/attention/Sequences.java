package io.llm2clip.kernels.cpu.matrix.attention;

import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.IndexException;
import java.util.ArrayList;
import java.util.List;

/**
 * Which rows of an attention's operands belong to which sequence, as an operand says.
 *
 * @param all sequences that have rows
 * @param longest rows of keys of the longest
 * @param start rows before the first sequence, which belong to none
 * @param end the first row behind the last sequence
 * @param rows all rows of ragged sequences, to none of which those before {@code start} and from {@code end} on belong
 */
public record Sequences(List<Sequence> all, int longest, int start, int end, int rows) {

    /**
     * One sequence.
     *
     * @param firstQuery its first row of q, out and their gradients
     * @param queries its rows of them
     * @param firstKey its first row of k, v and their gradients
     * @param keyRows its rows of them
     * @param keys how many of these exist, the others being masked
     */
    public record Sequence(long firstQuery, int queries, long firstKey, int keyRows, int keys) {}

    /**
     * Reads and checks the operand.
     *
     * @throws IndexOutOfBoundsException if a length or an offset is out of its range
     */
    public static Sequences read(AttentionShape shape, long operand) {
        return shape.ragged() ? ragged(shape, operand) : padded(shape, operand);
    }

    private static Sequences padded(AttentionShape shape, long lengths) {
        List<Sequence> all = new ArrayList<>(shape.batch());
        for (int b = 0; b < shape.batch(); b++) {
            int length = index("lengths", lengths, b, 0, shape.keys());
            all.add(new Sequence(
                    (long) b * shape.queries(), shape.queries(), (long) b * shape.keys(), shape.keys(), length));
        }
        return new Sequences(all, shape.keys(), 0, 0, 0);
    }

    private static Sequences ragged(AttentionShape shape, long offsets) {
        List<Sequence> all = new ArrayList<>();
        int rows = shape.queries();
        int longest = 0;
        int first = index("offsets", offsets, 0, 0, rows);
        int start = first;
        for (int s = 1; s <= shape.batch(); s++) {
            int end = index("offsets", offsets, s, start, rows);
            int length = end - start;
            if (length > 0) {
                all.add(new Sequence(start, length, start, length, length));
                longest = Math.max(longest, length);
            }
            start = end;
        }
        return new Sequences(all, longest, first, start, rows);
    }

    private static int index(String name, long operand, int number, int least, int most) {
        int value = Memory.getInt(operand + 4L * number);
        IndexException.require("Attention", name, number, value, least, most);
        return value;
    }

    /** Clears the rows of a ragged result that belong to no sequence. */
    public void clearOthers(long address, long rowBytes) {
        Memory.ALL.asSlice(address, start * rowBytes).fill((byte) 0);
        Memory.ALL.asSlice(address + end * rowBytes, (rows - end) * rowBytes).fill((byte) 0);
    }
}
