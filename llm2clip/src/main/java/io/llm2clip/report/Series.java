package io.llm2clip.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A quantity over the steps of a training. Values that are not finite are left out. */
public final class Series {
    /** Neighbors on either side that a running mean takes. */
    private static final int REACH = 5;

    private final String name;
    private int[] steps = new int[64];
    private float[] values = new float[64];
    private int size;

    /** @param name of the line in a legend; empty where it is the only one */
    public Series(String name) {
        this.name = name;
    }

    /** A value at each step from 1. */
    public static Series of(String name, List<Float> values) {
        Series series = new Series(name);
        for (int i = 0; i < values.size(); i++) {
            series.add(i + 1, values.get(i));
        }
        return series;
    }

    /** Adds a value at a step after those that there are. */
    public void add(int step, double value) {
        if (!Double.isFinite(value)) {
            return;
        }
        if (size == steps.length) {
            steps = Arrays.copyOf(steps, 2 * size);
            values = Arrays.copyOf(values, 2 * size);
        }
        steps[size] = step;
        values[size++] = (float) value;
    }

    public String name() {
        return name;
    }

    /** How many values there are. */
    public int size() {
        return size;
    }

    /** In order of steps. */
    public List<Float> values() {
        List<Float> all = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            all.add(values[i]);
        }
        return all;
    }

    int step(int index) {
        return steps[index];
    }

    float value(int index) {
        return values[index];
    }

    /** The value that half of all are not above; NaN of none. */
    public double median() {
        if (size == 0) {
            return Double.NaN;
        }
        float[] sorted = Arrays.copyOf(values, size);
        Arrays.sort(sorted);
        return sorted[(size - 1) / 2];
    }

    /** The greatest value; NaN of none. */
    public double greatest() {
        double greatest = Double.NaN;
        for (int i = 0; i < size; i++) {
            greatest = i == 0 ? values[0] : Math.max(greatest, values[i]);
        }
        return greatest;
    }

    /** Of all values. */
    public double sum() {
        return size == 0 ? 0 : size * mean(0, size);
    }

    /** The mean of the first tenth of the values; NaN of none. */
    public double first() {
        return mean(0, tenth());
    }

    /** The mean of the last tenth of the values; NaN of none. */
    public double last() {
        return mean(size - tenth(), size);
    }

    private int tenth() {
        return Math.ceilDiv(size, 10);
    }

    private double mean(int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += values[i];
        }
        return sum / (to - from);
    }

    /** At most so many values, each the mean of as many neighbors, at the last one's step. */
    Series thinned(int most) {
        if (size <= most) {
            return this;
        }
        Series thin = new Series(name);
        for (int i = 0; i < most; i++) {
            int from = (int) ((long) i * size / most);
            int to = (int) ((i + 1L) * size / most);
            thin.add(steps[to - 1], mean(from, to));
        }
        return thin;
    }

    /**
     * The mean of each value and as many before as after it, at most five; fewer toward both ends and in a short series, so that the line
     * does not lag behind.
     */
    Series smooth() {
        Series smooth = new Series(name);
        for (int i = 0; i < size; i++) {
            int reach = Math.min(Math.min(REACH, size / 12), Math.min(i, size - 1 - i));
            smooth.add(steps[i], mean(i - reach, i + reach + 1));
        }
        return smooth;
    }

    /** The series that have values. */
    static List<Series> drawn(List<Series> all) {
        List<Series> drawn = new ArrayList<>(all);
        drawn.removeIf(series -> series.size == 0);
        return drawn;
    }
}
