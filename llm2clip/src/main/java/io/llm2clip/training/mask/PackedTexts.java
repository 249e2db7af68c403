package io.llm2clip.training.mask;

import io.llm2clip.dataset.DataSource;
import io.llm2clip.dataset.OrderedExamples;
import io.llm2clip.dataset.Position;
import io.llm2clip.dataset.Sampling;
import io.llm2clip.dataset.Skipped;
import io.llm2clip.kernels.Resources;
import io.llm2clip.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Packs texts of several sources for each step: examples come in a seeded random order, one text is drawn per example, and the last one of
 * a step is truncated. The tokens of a step are a function of data, seed, step number and {@link #position}. Not thread-safe.
 */
public final class PackedTexts implements AutoCloseable {
    private static final long SEED_STEP = 0x9E3779B97F4A7C15L;

    private final List<DataSource> sources;
    private final double[] weights;
    private final Function<String, PackedTokens> tokens;
    private final long seed;
    private final CounterRandom random;
    private final List<OrderedExamples<List<PackedTokens>>> examples = new ArrayList<>();

    /**
     * Starts at the first example of each source.
     *
     * @param tokens tokenizes a text; must be thread-safe
     */
    public PackedTexts(List<DataSource> sources, Function<String, PackedTokens> tokens, long seed) {
        this.sources = List.copyOf(sources);
        this.weights = sources.stream().mapToDouble(DataSource::weightOrSize).toArray();
        this.tokens = tokens;
        this.seed = seed;
        this.random = new CounterRandom(seed);
        for (int i = 0; i < sources.size(); i++) {
            examples.add(examples(i, Position.START));
        }
    }

    private OrderedExamples<List<PackedTokens>> examples(int source, Position start) {
        return new OrderedExamples<>(
                sources.get(source).set(),
                Sampling.DEFAULT,
                seed + source * SEED_STEP,
                start,
                (example, _) -> example.texts().stream().map(tokens).toList(),
                OrderedExamples.keptBytes(sources.size()),
                texts -> texts.stream().mapToLong(PackedTokens::bytes).sum());
    }

    /** The {@code count} tokens of a step. */
    public PackedTokens next(int step, int count) {
        long stream = CounterRandom.streamOf("texts of step " + step);
        int[] ids = new int[count];
        boolean[] text = new boolean[count];
        int filled = 0;
        for (long draw = 0; filled < count; draw++) {
            List<PackedTokens> texts = examples.get(source(random.uniform(stream, 2 * draw)))
                    .next(1, each -> !each.isEmpty())
                    .getFirst();
            PackedTokens drawn = texts.get(random.integer(stream, 2 * draw + 1, texts.size()));
            int copied = Math.min(drawn.ids().length, count - filled);
            System.arraycopy(drawn.ids(), 0, ids, filled, copied);
            System.arraycopy(drawn.text(), 0, text, filled, copied);
            filled += copied;
        }
        return new PackedTokens(ids, text);
    }

    /** @param point from 0 to 1 */
    private int source(double point) {
        double left = point * Arrays.stream(weights).sum();
        int source = 0;
        while (source < weights.length - 1 && left >= weights[source]) {
            left -= weights[source++];
        }
        return source;
    }

    /** What could not be used so far. */
    public List<Skipped> skipped() {
        return examples.stream().map(OrderedExamples::skipped).toList();
    }

    /** The position of the next step in all sources, for a checkpoint. */
    public String position() {
        return examples.stream().map(each -> each.position().toString()).collect(Collectors.joining(","));
    }

    /** Goes to a {@link #position} of the same sources. */
    public void seek(String position) {
        close();
        String[] parts = position.split(",", -1);
        for (int i = 0; i < parts.length; i++) {
            examples.set(i, examples(i, Position.parse(parts[i])));
        }
    }

    @Override
    public void close() {
        Resources.closeAll(examples.stream().map(each -> (Runnable) each::close).toList());
    }
}
