package io.llm2clip.evaluation;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.UnitVectors;
import io.llm2clip.tensor.machine.InnerProducts;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.PriorityQueue;
import java.util.stream.Stream;

/**
 * The candidates of the greatest cosines for some queries, exact: cosines are computed of those whose inner products in f32 are not certainly
 * less than the least of the greatest so far.
 */
final class NearestCandidates {
    private static final List<String> ROLES = List.of("query", "candidate");

    private final UnitVectors queries;
    private final UnitVectors candidates;
    private final double tolerance;
    private final List<Best> best;

    private NearestCandidates(UnitVectors queries, UnitVectors candidates, int count) {
        this.queries = queries;
        this.candidates = candidates;
        tolerance = queries.tolerance();
        best = Stream.generate(() -> new Best(count)).limit(queries.count()).toList();
    }

    /**
     * The candidates of some queries, best first; of equal ones those that come first.
     *
     * @param rows numbers of the queries
     * @param count how many candidates per query, at most; at least 1
     */
    static List<List<Neighbor>> of(FloatMatrix queries, List<Integer> rows, FloatMatrix candidates, int count) {
        CosineRanking.require(queries, candidates, ROLES);
        FloatMatrix some = FloatMatrix.allocate(rows.size(), queries.columns());
        for (int i = 0; i < rows.size(); i++) {
            some.accept(i, queries.row(rows.get(i)));
        }
        UnitVectors unit = new UnitVectors(some, ROLES.getFirst());
        NearestCandidates nearest = new NearestCandidates(unit, new UnitVectors(candidates, ROLES.getLast()), count);
        InnerProducts.forEach(nearest.queries, nearest.candidates, nearest::add);
        return nearest.best.stream().map(Best::sorted).toList();
    }

    private void add(InnerProducts.Block block) {
        float[] products = new float[block.columns()];
        for (int r = 0; r < block.rows(); r++) {
            MemorySegment.copy(block.products(), ValueLayout.JAVA_FLOAT, block.offset(r), products, 0, products.length);
            int query = block.row() + r;
            Best found = best.get(query);
            Best ofBlock = new Best(found.count);
            double least = found.least();
            for (int c = 0; c < products.length; c++) {
                if (products[c] >= least - tolerance) {
                    int candidate = block.column() + c;
                    ofBlock.add(new Neighbor(candidate, queries.cosine(query, candidates, candidate)));
                    least = Math.max(least, ofBlock.least());
                }
            }
            ofBlock.sorted().forEach(found::add);
        }
    }

    /** Of a query. */
    private static final class Best {
        private final PriorityQueue<Neighbor> worstFirst = new PriorityQueue<>(Neighbor.BEST_FIRST.reversed());
        private final int count;

        Best(int count) {
            this.count = count;
        }

        /** What a candidate needs at least to be among the best. */
        synchronized double least() {
            return worstFirst.size() < count
                    ? Double.NEGATIVE_INFINITY
                    : worstFirst.element().cosine();
        }

        synchronized void add(Neighbor other) {
            worstFirst.add(other);
            if (worstFirst.size() > count) {
                worstFirst.remove();
            }
        }

        synchronized List<Neighbor> sorted() {
            return worstFirst.stream().sorted(Neighbor.BEST_FIRST).toList();
        }
    }
}
