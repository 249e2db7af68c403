package io.llm2clip.model;

/** Which token of a row has the state that becomes the embedding of a CLIP text tower. */
public sealed interface EndToken {

    /** The last of the row: for towers whose tokenizer is known to end rows with the end token. */
    record Last() implements EndToken {
        @Override
        public int position(int[] row) {
            return row.length - 1;
        }
    }

    /**
     * The first one of the largest id, which is the end token's in CLIP's vocabulary: OpenAI's rule, and Hugging Face's for
     * configurations with the {@code eos_token_id} 2, which no CLIP has.
     */
    record LargestId() implements EndToken {
        @Override
        public int position(int[] row) {
            int largest = 0;
            for (int i = 1; i < row.length; i++) {
                if (row[i] > row[largest]) {
                    largest = i;
                }
            }
            return largest;
        }
    }

    /** The first one of an id. */
    record First(int id) implements EndToken {
        @Override
        public int position(int[] row) {
            for (int i = 0; i < row.length; i++) {
                if (row[i] == id) {
                    return i;
                }
            }
            throw new IllegalArgumentException(
                    "A row of %d tokens without the end token %d; end it with that token.".formatted(row.length, id));
        }
    }

    /** The position in a row that has at least one token. */
    int position(int[] row);
}
