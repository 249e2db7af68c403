package io.llm2clip.evaluation;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.UnitVectors;
import io.llm2clip.tensor.machine.InnerProducts;
import java.util.List;

/**
 * Ranks of right answers by cosine, exact, whatever the number of queries and candidates: no cosines are kept. Inner products in f32 tell which
 * candidates certainly come before the best right answer and which do not; cosines are computed of the few that are too close to it, so
 * ranks depend neither on the machine nor on threads. Both ways of a retrieval take the same products.
 */
final class CosineRanking {
    private CosineRanking() {}

    /**
     * The rank of the best right answer for every query.
     *
     * @param queries {@code [Q, E]}
     * @param candidates {@code [C, E]}
     * @param answers for every query its right candidates, at least one
     * @param roles what queries and candidates are, for messages
     */
    static Ranks ranks(FloatMatrix queries, FloatMatrix candidates, int[][] answers, List<String> roles) {
        require(queries, candidates, roles);
        UnitVectors rows = new UnitVectors(queries, roles.getFirst());
        UnitVectors columns = new UnitVectors(candidates, roles.getLast());
        RankCount count = new RankCount(rows, columns, answers);
        InnerProducts.forEach(rows, columns, count::addRows);
        return count.ranks();
    }

    /**
     * The same both ways.
     *
     * @param first {@code [N, E]}
     * @param second {@code [M, E]}
     * @param ofFirst for every one of the first its right ones of the second, at least one
     * @param ofSecond the other way round
     * @param roles what they are, for messages
     * @return ranks of queries that are the first, then of those that are the second
     */
    static List<Ranks> bothWays(
            FloatMatrix first, FloatMatrix second, int[][] ofFirst, int[][] ofSecond, List<String> roles) {
        require(first, second, roles);
        UnitVectors rows = new UnitVectors(first, roles.getFirst());
        UnitVectors columns = new UnitVectors(second, roles.getLast());
        RankCount byRow = new RankCount(rows, columns, ofFirst);
        RankCount byColumn = new RankCount(columns, rows, ofSecond);
        InnerProducts.forEach(rows, columns, block -> {
            byRow.addRows(block);
            byColumn.addColumns(block);
        });
        return List.of(byRow.ranks(), byColumn.ranks());
    }

    /** @throws IllegalArgumentException if there are none of one kind, or their widths differ */
    static void require(FloatMatrix queries, FloatMatrix candidates, List<String> roles) {
        if (queries.rows() == 0 || candidates.rows() == 0) {
            throw new IllegalArgumentException("Retrieval needs at least one %s and one %s, found %d and %d."
                    .formatted(roles.getFirst(), roles.getLast(), queries.rows(), candidates.rows()));
        }
        if (queries.columns() != candidates.columns()) {
            throw new IllegalArgumentException("Embeddings must have one width, found %d and %d."
                    .formatted(queries.columns(), candidates.columns()));
        }
    }
}
