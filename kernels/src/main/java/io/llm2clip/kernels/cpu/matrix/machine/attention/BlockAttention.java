package io.llm2clip.kernels.cpu.matrix.machine.attention;

/** Attention in one precision, by blocks of queries of one head. */
interface BlockAttention {

    /** The keys and values of a head, ready to be read. */
    interface Attending {
        /**
         * Writes the results of some queries.
         *
         * @param head the query head
         * @param from the first query, a multiple of the most that a block has
         * @param rows how many, at most that
         */
        void attend(int head, int from, int rows);
    }

    /** Most queries of a block. */
    int queries();

    /**
     * Scratch memory for a head.
     *
     * @param longest most keys that a head has
     */
    long scratchBytes(int longest);

    /**
     * Prepares a head that has keys.
     *
     * @param scratch that much memory, aligned to 64, which the result keeps using
     * @param blocks how many blocks of queries will read it
     */
    Attending begin(KeyValueHead head, long scratch, int blocks);
}
