package io.llm2clip.training.run;

import io.llm2clip.report.Series;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The metrics of a part of a run whose steps are alike. */
public final class PhaseMetrics {
    private final String name;
    private final Map<String, Series> metrics = new LinkedHashMap<>();
    private final Map<String, Series> losses = new LinkedHashMap<>();
    private int steps;

    PhaseMetrics(String name) {
        this.name = name;
    }

    public String name() {
        return name;
    }

    /** The last step. */
    public int steps() {
        return steps;
    }

    /** By name, see {@link Metric}. */
    public Map<String, Series> metrics() {
        return Collections.unmodifiableMap(metrics);
    }

    /** Without values if it was not recorded. */
    public Series metric(String metric) {
        return metrics.getOrDefault(metric, new Series(""));
    }

    /** The loss, a line per kind of batch. */
    public List<Series> losses() {
        return List.copyOf(losses.values());
    }

    void add(int step, String kind, Map<String, Double> values) {
        steps = Math.max(steps, step);
        values.forEach((metric, value) ->
                metrics.computeIfAbsent(metric, _ -> new Series("")).add(step, value));
        if (values.get(Metric.LOSS) instanceof Double loss) {
            losses.computeIfAbsent(kind, Series::new).add(step, loss);
        }
    }
}
