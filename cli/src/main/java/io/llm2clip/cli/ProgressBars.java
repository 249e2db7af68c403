package io.llm2clip.cli;

import io.llm2clip.progress.Progress;
import java.io.PrintStream;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/**
 * Progress on a terminal: a bar a phase, with rate, time left and the newest metric.
 *
 * @param err the terminal
 */
record ProgressBars(PrintStream err) implements Progress {
    /** Fits the narrowest usual terminal: a longer line would wrap, and each update would leave one behind. */
    private static final int WIDTH = 79;

    private static final int NAME_WIDTH = 24;

    @Override
    public Phase begin(String name, long total, String unit) {
        if (total == 0) {
            return NONE.begin(name, total, unit);
        }
        ProgressBar bar = new ProgressBarBuilder()
                .setTaskName(String.format(Locale.ROOT, "%-" + NAME_WIDTH + "s", name))
                .setInitialMax(total)
                .setStyle(ProgressBarStyle.ASCII)
                .setConsumer(new ConsoleProgressBarConsumer(err, WIDTH))
                .setUpdateIntervalMillis(200)
                .setUnit(" ", 1)
                .showSpeed()
                .build();
        return new Phase() {
            @Override
            public void advance(long count) {
                bar.stepBy(count);
            }

            @Override
            public void metric(String metric, double value) {
                bar.setExtraMessage(String.format(Locale.ROOT, "%s %.3f", metric, value));
            }

            @Override
            public void close() {
                bar.close();
            }
        };
    }

    @Override
    public void note(String sentence) {
        err.println(sentence);
    }
}
