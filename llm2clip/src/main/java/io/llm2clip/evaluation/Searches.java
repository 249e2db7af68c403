package io.llm2clip.evaluation;

import io.llm2clip.data.FloatMatrix;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Searches to look at: of each kind of outcome how many there are, and some of them, chosen by a rule and not by what they show.
 *
 * @param strata kinds of outcomes, the good ones first
 */
public record Searches(List<Stratum> strata) {
    /** Searches that are shown of a kind. */
    private static final int SHOWN = 4;

    private static final int NEIGHBORS = 5;
    private static final int TEN = 10;

    /**
     * A kind of outcome.
     *
     * @param count how many searches came out so
     * @param searches some of them
     */
    public record Stratum(String name, int count, List<Search> searches) {}

    /**
     * One search.
     *
     * @param query number of the query
     * @param found by model, in the order in which they were given
     */
    public record Search(int query, List<Found> found) {}

    /**
     * What a model found.
     *
     * @param rank of the right answer, from 1
     * @param nearest its first answers
     */
    public record Found(int rank, List<Neighbor> nearest) {}

    /** The first answers to some queries, best first. */
    @FunctionalInterface
    public interface Answers {
        List<List<Neighbor>> to(List<Integer> queries);
    }

    /**
     * What a model makes of all queries.
     *
     * @param ranks of the queries' right answers
     */
    public record Model(Ranks ranks, Answers answers) {
        /**
         * By embeddings.
         *
         * @param queries {@code [Q, E]}
         * @param candidates {@code [C, E]}
         */
        public Model(FloatMatrix queries, FloatMatrix candidates, Ranks ranks) {
            this(ranks, some -> NearestCandidates.of(queries, some, candidates, NEIGHBORS));
        }

        /** The same with the answers to all queries found now, so that embeddings need not be kept. */
        public Model answered() {
            List<List<Neighbor>> all =
                    answers.to(IntStream.range(0, ranks.size()).boxed().toList());
            return new Model(ranks, some -> some.stream().map(all::get).toList());
        }

        private Found found(int query, List<Neighbor> nearest) {
            return new Found(ranks.ranks()[query] + 1, nearest);
        }
    }

    /** Searches of one model, by the place of the right answer. */
    public static Searches of(Model model) {
        int[] ranks = model.ranks.ranks();
        List<Integer> all = IntStream.range(0, ranks.length).boxed().toList();
        List<Model> models = List.of(model);
        return new Searches(List.of(
                spread("found first", all.stream().filter(q -> ranks[q] == 0).toList(), models),
                spread(
                        "found among the first ten",
                        all.stream().filter(q -> ranks[q] > 0 && ranks[q] < TEN).toList(),
                        models),
                stratum(
                        "not found among the first ten, worst first",
                        all.stream()
                                .filter(q -> ranks[q] >= TEN)
                                .sorted(Comparator.comparingInt((Integer q) -> -ranks[q]))
                                .toList(),
                        models)));
    }

    /** The same searches by two models, by whose right answer comes earlier. */
    public static Searches compared(Model ours, Model other) {
        int[] ranks = ours.ranks.ranks();
        int[] others = other.ranks.ranks();
        List<Integer> all = IntStream.range(0, ranks.length).boxed().toList();
        List<Model> models = List.of(ours, other);
        return new Searches(List.of(
                spread(
                        "won: the target ranks higher",
                        all.stream().filter(q -> ranks[q] < others[q]).toList(),
                        models),
                spread(
                        "tied: the same rank",
                        all.stream().filter(q -> ranks[q] == others[q]).toList(),
                        models),
                spread(
                        "lost: the target ranks lower",
                        all.stream().filter(q -> ranks[q] > others[q]).toList(),
                        models)));
    }

    /** Every N-th. */
    private static Stratum spread(String name, List<Integer> queries, List<Model> models) {
        int step = Math.max(1, queries.size() / SHOWN);
        List<Integer> chosen = IntStream.range(0, Math.min(SHOWN, queries.size()))
                .mapToObj(i -> queries.get(i * step))
                .toList();
        return new Stratum(name, queries.size(), searches(chosen, models));
    }

    /** The first. */
    private static Stratum stratum(String name, List<Integer> queries, List<Model> models) {
        return new Stratum(
                name, queries.size(), searches(queries.stream().limit(SHOWN).toList(), models));
    }

    private static List<Search> searches(List<Integer> queries, List<Model> models) {
        List<List<Found>> byQuery = new ArrayList<>();
        queries.forEach(_ -> byQuery.add(new ArrayList<>()));
        for (Model model : models) {
            List<List<Neighbor>> nearest = model.answers.to(queries);
            for (int i = 0; i < queries.size(); i++) {
                byQuery.get(i).add(model.found(queries.get(i), nearest.get(i)));
            }
        }
        return IntStream.range(0, queries.size())
                .mapToObj(i -> new Search(queries.get(i), List.copyOf(byQuery.get(i))))
                .toList();
    }
}
