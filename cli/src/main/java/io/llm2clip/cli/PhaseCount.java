package io.llm2clip.cli;

import io.llm2clip.progress.Progress;
import io.llm2clip.progress.Quantity;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/** How far a phase is, and how fast: what a terminal and a log show of it. Times are nanoseconds of one clock. */
final class PhaseCount {
    private static final double NANOS = 1e9;

    private final String name;
    private final long total;
    private final String unit;
    private final long start;
    private final Map<String, String> metrics = new LinkedHashMap<>();
    private long done;
    private String activity = "";
    private long activitySince;
    /** Time and units that say nothing about the rate, because something was prepared for them. */
    private long untypicalNanos;

    private long untypicalUnits;

    PhaseCount(String name, long total, String unit, long start) {
        assert !unit.matches(".*[^s]s") : "The unit of '" + name + "' is a plural, " + unit;
        this.name = name;
        this.total = total;
        this.unit = unit;
        this.start = start;
    }

    void preparing(String what, long now) {
        if (activity.isEmpty()) {
            activitySince = now;
        }
        activity = what;
    }

    void advance(long count, long now) {
        if (!activity.isEmpty()) {
            untypicalNanos += now - activitySince;
            untypicalUnits += count;
            activity = "";
        }
        done += count;
    }

    void metric(String metric, double value) {
        metrics.put(metric, value(value));
    }

    void tally(String tally, long count) {
        metrics.put(tally, Long.toString(count));
    }

    String name() {
        return name;
    }

    long done() {
        return done;
    }

    /** Whether it is known how many units there are. */
    boolean isBounded() {
        return total != Progress.UNKNOWN;
    }

    boolean finished() {
        return isBounded() && done >= total;
    }

    /** The part that is done, at most 1. */
    double fraction() {
        return isBounded() ? Math.min(1, done / (double) total) : 0;
    }

    /** What precedes the next unit, or nothing. */
    String activity() {
        return activity;
    }

    double secondsOfActivity(long now) {
        return (now - activitySince) / NANOS;
    }

    double seconds(long now) {
        return (now - start) / NANOS;
    }

    /** Units per second, once a typical one is done. */
    OptionalDouble rate(long now) {
        long nanos = now - start - untypicalNanos - (activity.isEmpty() ? 0 : now - activitySince);
        long units = done - untypicalUnits;
        return units > 0 && nanos > 0 ? OptionalDouble.of(units / (nanos / NANOS)) : OptionalDouble.empty();
    }

    OptionalDouble secondsLeft(long now) {
        OptionalDouble rate = rate(now);
        return rate.isPresent() && isBounded()
                ? OptionalDouble.of((total - done) / rate.getAsDouble())
                : OptionalDouble.empty();
    }

    /** "3/5", and of bytes "1.2 GB/3.4 GB"; "3" where nobody knows of how many. */
    String fractionText() {
        return isBounded() ? amount(done) + "/" + amount(total) : amount(done);
    }

    /** "3 of 5 steps", or "5 steps" when all are done. */
    String quantity() {
        if (isBytes()) {
            return finished() || !isBounded() ? amount(done) : amount(done) + " of " + amount(total);
        }
        return finished() || !isBounded() ? Quantity.of(done, unit) : done + " of " + Quantity.of(total, unit);
    }

    /** "0.6/s", or "12 s per step" where that reads better; nothing before it is known. */
    String rateText(long now) {
        OptionalDouble rate = rate(now);
        if (rate.isEmpty()) {
            return "";
        }
        double perSecond = rate.getAsDouble();
        if (isBytes()) {
            return amount(Math.round(perSecond)) + "/s";
        }
        if (perSecond < 0.1) {
            return String.format(Locale.ROOT, "%.0f s per %s", 1 / perSecond, unit);
        }
        return String.format(Locale.ROOT, perSecond < 10 ? "%.1f/s" : "%.0f/s", perSecond);
    }

    private boolean isBytes() {
        return unit.equals("byte");
    }

    private String amount(long count) {
        return isBytes() ? ByteSize.text(count) : Long.toString(count);
    }

    /** "loss 2.170", several of them with {@code separator} between. */
    String metricText(String separator) {
        return metrics.entrySet().stream()
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(Collectors.joining(separator));
    }

    private static String value(double value) {
        double size = Math.abs(value);
        return String.format(Locale.ROOT, size != 0 && (size < 0.001 || size >= 1e6) ? "%.2e" : "%.3f", value);
    }

    /** "0:07", "12:30", "1:02:03". */
    static String clock(double seconds) {
        long whole = Math.round(seconds);
        return whole < 3600
                ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
    }
}
