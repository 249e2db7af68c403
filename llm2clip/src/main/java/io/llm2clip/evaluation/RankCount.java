package io.llm2clip.evaluation;

import io.llm2clip.data.UnitVectors;
import io.llm2clip.tensor.machine.InnerProducts;
import io.llm2clip.tensor.machine.Processor;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * How many candidates come before the best right answer of each query, counted by blocks of inner products. A product decides if it differs
 * from the answer's cosine by more than the tolerance; otherwise the candidate's cosine does.
 */
final class RankCount {
    private static final int BLOCK = 64;

    private final UnitVectors queries;
    private final UnitVectors candidates;
    /** Of each query its best right answer, and the cosine of that. */
    private final int[] answers;

    private final float[] cosines;
    /** Keys: a candidate whose product is greater certainly comes before the answer. */
    private final int[] upper;
    /** The same: none comes before it whose product is not greater. */
    private final int[] lower;

    private final AtomicIntegerArray before;

    /** @param rightOnes for every query its right candidates, at least one */
    RankCount(UnitVectors queries, UnitVectors candidates, int[][] rightOnes) {
        this.queries = queries;
        this.candidates = candidates;
        answers = new int[queries.count()];
        cosines = new float[answers.length];
        upper = new int[answers.length];
        lower = new int[answers.length];
        before = new AtomicIntegerArray(answers.length);
        Processor.parallel(answers.length, BLOCK, query -> choose(query, rightOnes[query]));
    }

    private void choose(int query, int[] rightOnes) {
        cosines[query] = Float.NEGATIVE_INFINITY;
        for (int candidate : rightOnes) {
            float cosine = queries.cosine(query, candidates, candidate);
            if (cosine > cosines[query] || cosine == cosines[query] && candidate < answers[query]) {
                answers[query] = candidate;
                cosines[query] = cosine;
            }
        }
        upper[query] = ProductKeys.key(Math.nextUp((float) (cosines[query] + queries.tolerance())));
        lower[query] = ProductKeys.key(Math.nextDown((float) (cosines[query] - queries.tolerance())));
    }

    /** Counts in a block whose rows are queries. */
    void addRows(InnerProducts.Block block) {
        int[] keys = new int[block.columns()];
        for (int r = 0; r < block.rows(); r++) {
            int query = block.row() + r;
            ProductKeys.copy(block, r, keys);
            int count = ProductKeys.greater(keys, upper[query]);
            if (ProductKeys.greater(keys, lower[query]) > count) {
                for (int c = 0; c < keys.length; c++) {
                    count += undecided(keys[c], query) && isBefore(block.column() + c, query) ? 1 : 0;
                }
            }
            add(query, count);
        }
    }

    /** Counts in a block whose columns are queries. */
    void addColumns(InnerProducts.Block block) {
        int first = block.column();
        int[] surely = Arrays.copyOfRange(upper, first, first + block.columns());
        int[] perhaps = Arrays.copyOfRange(lower, first, first + block.columns());
        int[] counts = new int[block.columns()];
        int[] most = new int[block.columns()];
        int[] keys = new int[block.columns()];
        for (int r = 0; r < block.rows(); r++) {
            ProductKeys.copy(block, r, keys);
            ProductKeys.addGreater(keys, surely, counts);
            ProductKeys.addGreater(keys, perhaps, most);
        }
        for (int c = 0; c < counts.length; c++) {
            int query = first + c;
            if (most[c] > counts[c]) {
                for (int r = 0; r < block.rows(); r++) {
                    boolean counted =
                            undecided(ProductKeys.key(block, r, c), query) && isBefore(block.row() + r, query);
                    counts[c] += counted ? 1 : 0;
                }
            }
            add(query, counts[c]);
        }
    }

    private boolean undecided(int key, int query) {
        return key > lower[query] && key <= upper[query];
    }

    private boolean isBefore(int candidate, int query) {
        if (candidate == answers[query]) {
            return false;
        }
        float cosine = queries.cosine(query, candidates, candidate);
        return cosine > cosines[query] || cosine == cosines[query] && candidate < answers[query];
    }

    private void add(int query, int count) {
        if (count > 0) {
            before.addAndGet(query, count);
        }
    }

    /** Of all blocks that were added. */
    Ranks ranks() {
        int[] ranks = new int[before.length()];
        Arrays.setAll(ranks, before::get);
        return new Ranks(ranks);
    }
}
