package io.llm2clip.demo;

import io.llm2clip.data.FloatMatrix;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * DemoExample searches for the report: queries with the images found for them.
 *
 * @param searches in order of the queries
 */
record Gallery(List<Search> searches) {
    /** Images shown for a query. */
    private static final int SHOWN = 5;

    /**
     * One query.
     *
     * @param caption what was searched
     * @param target number of the image it describes
     * @param rank place of that image among the answers, from 1
     * @param found numbers of the best images, best first
     * @param scores their cosines
     */
    record Search(String caption, int target, int rank, List<Integer> found, List<Double> scores) {}

    /** Searches all captions; caption i describes image i. Embeddings are {@code [N, E]}. */
    static Gallery of(List<String> captions, FloatMatrix texts, FloatMatrix images) {
        double[][] cosines = Cosines.of(texts, images);
        List<Search> searches = new ArrayList<>();
        for (int q = 0; q < cosines.length; q++) {
            double[] scores = cosines[q];
            List<Integer> order = IntStream.range(0, scores.length)
                    .boxed()
                    .sorted(Comparator.comparingDouble((Integer i) -> -scores[i])
                            .thenComparing(i -> i))
                    .toList();
            List<Integer> found = order.subList(0, Math.min(SHOWN, order.size()));
            searches.add(new Search(
                    captions.get(q),
                    q,
                    order.indexOf(q) + 1,
                    found,
                    found.stream().map(i -> scores[i]).toList()));
        }
        return new Gallery(searches);
    }

    /** The first searches whose image came first. */
    List<Search> successes(int count) {
        return searches.stream().filter(s -> s.rank == 1).limit(count).toList();
    }

    /** The searches that rank their image worst. */
    List<Search> failures(int count) {
        return searches.stream()
                .sorted(Comparator.comparingInt((Search s) -> -s.rank).thenComparingInt(Search::target))
                .limit(count)
                .toList();
    }

    /** Every N-th search, so neither chosen nor random. */
    List<Search> sample(int count) {
        int step = Math.max(1, searches.size() / count);
        return IntStream.range(0, Math.min(count, searches.size()))
                .mapToObj(i -> searches.get(i * step))
                .toList();
    }

    /**
     * What a report shows of one query set.
     *
     * @param title of the query set
     * @param images the files that are searched
     * @param gallery the searches
     */
    record Section(String title, List<Path> images, Gallery gallery) {}
}
