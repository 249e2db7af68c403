package io.llm2clip.cli;

import io.llm2clip.progress.Progress;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;

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
        return total == 0 ? NONE.begin(name, total, unit) : new Line(name, total, unit);
    }

    @Override
    public void note(String sentence) {
        err.println(sentence);
        err.flush();
    }

    private final class Line implements Phase {
        private final String name;
        private final long total;
        private final String unit;
        private final long start = nanoTime.getAsLong();
        private long last = start;
        private long done;
        private String metric = "";

        Line(String name, long total, String unit) {
            this.name = name;
            this.total = total;
            this.unit = unit;
        }

        @Override
        public synchronized void advance(long count) {
            done += count;
            long now = nanoTime.getAsLong();
            if (done < total && now - last >= INTERVAL) {
                last = now;
                double left = (now - start) / 1e9 / done * (total - done);
                print("%s: %d of %d %s%s, %.0f s left", name, done, total, unit, metric, left);
            }
        }

        @Override
        public synchronized void metric(String name, double value) {
            metric = String.format(Locale.ROOT, ", %s %.3f", name, value);
        }

        @Override
        public synchronized void close() {
            double seconds = (nanoTime.getAsLong() - start) / 1e9;
            if (done >= total) {
                print("%s: %d %s%s, %.1f s", name, done, unit, metric, seconds);
            } else {
                print("%s: stopped after %d of %d %s%s, %.1f s", name, done, total, unit, metric, seconds);
            }
        }

        private void print(String format, Object... arguments) {
            note(String.format(Locale.ROOT, format, arguments));
        }
    }
}
