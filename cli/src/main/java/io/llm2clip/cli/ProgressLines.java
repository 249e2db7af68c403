package io.llm2clip.cli;

import io.llm2clip.progress.Progress;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Progress in a log: a line when a phase ends, and one every few seconds until then.
 *
 * @param err receives the lines
 * @param nanoTime the clock
 */
record ProgressLines(PrintWriter err, LongSupplier nanoTime) implements Progress {
    private static final long INTERVAL = Duration.ofSeconds(5).toNanos();

    @Override
    public Phase begin(String name, long total, String unit) {
        return total == 0
                ? Phase.NONE
                : new Line(new PhaseCount(name, total, unit, nanoTime.getAsLong()), nanoTime.getAsLong());
    }

    @Override
    public void note(String sentence) {
        err.println(sentence);
        err.flush();
    }

    private final class Line implements Phase {
        private final PhaseCount count;
        private long last;

        Line(PhaseCount count, long start) {
            this.count = count;
            this.last = start;
        }

        @Override
        public synchronized void preparing(String activity) {
            count.preparing(activity, nanoTime.getAsLong());
            // Before the first unit nothing else would be said for a while; later ones are too many to mention.
            if (count.done() == 0) {
                print(activity);
            }
        }

        @Override
        public synchronized void advance(long units) {
            long now = nanoTime.getAsLong();
            count.advance(units, now);
            if (!count.finished() && now - last >= INTERVAL) {
                last = now;
                String left = count.secondsLeft(now).isPresent()
                        ? PhaseCount.clock(count.secondsLeft(now).getAsDouble()) + " left"
                        : "";
                print(count.quantity(), count.metricText(", "), left);
            }
        }

        @Override
        public synchronized void metric(String metric, double value) {
            count.metric(metric, value);
        }

        @Override
        public synchronized void tally(String name, long value) {
            count.tally(name, value);
        }

        @Override
        public synchronized void close() {
            String seconds = String.format(Locale.ROOT, "%.1f s", count.seconds(nanoTime.getAsLong()));
            print(
                    (count.finished() || !count.isBounded() ? "" : "stopped after ") + count.quantity(),
                    count.metricText(", "),
                    seconds);
        }

        private void print(String... parts) {
            note(count.name() + ": "
                    + Stream.of(parts).filter(part -> !part.isEmpty()).collect(Collectors.joining(", ")));
        }
    }
}
