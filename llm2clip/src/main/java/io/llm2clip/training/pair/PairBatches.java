package io.llm2clip.training.pair;

import io.llm2clip.data.InputException;
import io.llm2clip.dataset.DataSource;
import io.llm2clip.dataset.OrderedExamples;
import io.llm2clip.dataset.Skipped;
import io.llm2clip.kernels.Resources;
import io.llm2clip.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/**
 * The batches of a training, each of pairs of one source, drawn as its examples are read; what is drawn for a step is a function of data,
 * seed, the step's number and {@link #position}. For one thread.
 */
public final class PairBatches implements AutoCloseable {
    private static final long SOURCE_STREAM = CounterRandom.streamOf("source of a step");
    /** Apart, so that sources of equal sizes have orders of their own. */
    private static final long SEED_STEP = 0x9E3779B97F4A7C15L;

    private final List<PairSource> sources;
    private final double[] weights;
    private final int steps;
    private final List<String> remarks;
    private final CounterRandom random;

    private PairBatches(
            List<PairSource> sources, double[] weights, int steps, List<String> remarks, CounterRandom random) {
        this.sources = sources;
        this.weights = weights;
        this.steps = steps;
        this.remarks = remarks;
        this.random = random;
    }

    /**
     * Looks at the sources.
     *
     * @param table instructions for their queries
     * @param batch pairs of a batch, or as many as a source has
     * @param steps of the whole training
     * @throws InputException if a source has no pairs, or the table has nothing for any of them
     */
    public static PairBatches of(
            List<DataSource> sources,
            InstructionTable table,
            TextRows rows,
            Pairing pairing,
            int batch,
            int steps,
            long seed) {
        List<PairSource> opened = new ArrayList<>();
        List<String> remarks = new ArrayList<>();
        double[] weights = new double[sources.size()];
        int instructed = 0;
        for (int i = 0; i < sources.size(); i++) {
            DataSource source = sources.get(i);
            PairSurvey survey = PairSurvey.of(source.set(), rows);
            var instructions = table.of(source.name(), !survey.queries());
            instructed += instructions.isPresent() ? 1 : 0;
            if (instructions.isEmpty() && !table.bySource().isEmpty()) {
                remarks.add("The queries of %s have no instruction.".formatted(source.name()));
            }
            opened.add(new PairSource(
                    source,
                    instructions.orElse(Instructions.NONE),
                    rows,
                    pairing,
                    batch,
                    survey,
                    seed + i * SEED_STEP,
                    // Pairs and negatives.
                    OrderedExamples.keptBytes(2 * sources.size())));
            weights[i] = source.weight().orElse(survey.estimate());
            remarks.addAll(new PairRemarks(source, survey, pairing, batch).all());
        }
        if (instructed == 0 && !table.bySource().isEmpty()) {
            throw new InputException("The instructions are for %s, the sources are called %s; use the same names."
                    .formatted(
                            String.join(", ", table.bySource().keySet()),
                            sources.stream().map(DataSource::name).collect(Collectors.joining(", "))));
        }
        return new PairBatches(opened, weights, steps, remarks, new CounterRandom(seed));
    }

    /** What is otherwise than was asked for, a sentence each. */
    public List<String> remarks() {
        return List.copyOf(remarks);
    }

    /** Tokens of the longest text, as far as was looked. */
    public int longest() {
        return sources.stream()
                .mapToInt(source -> source.survey().longest())
                .max()
                .orElse(0);
    }

    /** Examples with pairs, about. */
    public long size() {
        return sources.stream().mapToLong(source -> source.survey().estimate()).sum();
    }

    /** Texts that were looked at. */
    public int texts() {
        return sum(PairSurvey::texts);
    }

    /** How many of these are cut. */
    public int cut() {
        return sum(PairSurvey::cut);
    }

    private int sum(ToIntFunction<PairSurvey> count) {
        return sources.stream().map(PairSource::survey).mapToInt(count).sum();
    }

    /** How many sources there are. */
    public int sources() {
        return sources.size();
    }

    /** The batch of a step. */
    public TextPairs next(int step) {
        PairSource source = sources.get(source(step));
        return source.next(step, source.kind(step, steps));
    }

    private int source(int step) {
        double point =
                random.uniform(SOURCE_STREAM, step) * Arrays.stream(weights).sum();
        int source = 0;
        while (source < weights.length - 1 && point >= weights[source]) {
            point -= weights[source++];
        }
        return source;
    }

    /** What could not be used so far. */
    public List<Skipped> skipped() {
        return sources.stream().flatMap(source -> source.skipped().stream()).toList();
    }

    /** Where the data of the next step are. */
    public String position() {
        return sources.stream().map(PairSource::position).collect(Collectors.joining(","));
    }

    /**
     * Goes to a position.
     *
     * @param position that {@link #position} gave
     * @throws IllegalArgumentException if it is of other sources
     */
    public void seek(String position) {
        String[] parts = position.split(",", -1);
        if (parts.length != sources.size()) {
            throw new IllegalArgumentException("'%s' is a position of %d sources, there are %d."
                    .formatted(position, parts.length, sources.size()));
        }
        for (int i = 0; i < parts.length; i++) {
            sources.get(i).seek(parts[i]);
        }
    }

    @Override
    public void close() {
        Resources.closeAll(
                sources.stream().map(source -> (Runnable) source::close).toList());
    }
}
