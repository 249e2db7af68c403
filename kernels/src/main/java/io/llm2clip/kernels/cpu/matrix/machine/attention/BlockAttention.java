package io.llm2clip.kernels.cpu.matrix.machine.attention;

/** Attention in one precision, by blocks of queries of one head. */
interface BlockAttention {

    /** The keys and values of a head, ready to be read. */
    interface Attending {
        /**
         * Writes the results of some queries, or sees to it that they will be.
         *
         * @param head the query head
         * @param from the first query, a multiple of those that a block has
         * @param rows how many, at most that
         */
        void attend(int head, int from, int rows);

        /** Writes those that are not written yet, which come later than the next queries. */
        default void finish() {}
    }

    /** Queries of a block but the last. */
    int queries(int all);

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
