package io.llm2clip.nn;

import io.llm2clip.tensor.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** How the tokens of several sequences are arranged in one tensor: which token attends to which, and at what position it is. */
public sealed interface Sequences {

    /** Attention of queries, keys and values, their heads joined, within each sequence. */
    Tensor attention(Tensor q, Tensor k, Tensor v, AttentionLayout layout, boolean causal);

    /** The angles of each row of states, from a table of those of the positions 0, 1, ... */
    RotaryTable angles(RotaryTable table);

    /**
     * Rows of one length: tokens {@code [B, T]}, states {@code [B, T, width]}.
     *
     * @param lengths i32 {@code [B]}, how many leading tokens of a row exist; states of the others are meaningless
     */
    record Padded(Tensor lengths) implements Sequences {
        @Override
        public Tensor attention(Tensor q, Tensor k, Tensor v, AttentionLayout layout, boolean causal) {
            return Tensor.attention(
                    q, k, v, lengths, layout.heads(), layout.keyValueHeads(), layout.scoreScale(), causal);
        }

        @Override
        public RotaryTable angles(RotaryTable table) {
            return table;
        }
    }

    /**
     * One sequence behind the other: tokens {@code [N]}, states {@code [N, width]}. Sequence s is tokens
     * {@code offsets[s] .. offsets[s+1]-1}; states of tokens that belong to none are meaningless.
     *
     * @param offsets i32 {@code [S+1]}, ascending from 0 to N at most
     * @param positions i32 {@code [N]}, of each token within its sequence; null where nothing is rotated by them
     */
    record Ragged(Tensor offsets, @Nullable Tensor positions) implements Sequences {
        @Override
        public Tensor attention(Tensor q, Tensor k, Tensor v, AttentionLayout layout, boolean causal) {
            return Tensor.raggedAttention(
                    q, k, v, offsets, layout.heads(), layout.keyValueHeads(), layout.scoreScale(), causal);
        }

        @Override
        public RotaryTable angles(RotaryTable table) {
            return table.at(Objects.requireNonNull(positions, "Rows to be rotated have no positions."));
        }

        /** S, how many sequences at most. */
        public int count() {
            return offsets.shape().dim(0) - 1;
        }
    }
}
