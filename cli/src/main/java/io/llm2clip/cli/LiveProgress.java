package io.llm2clip.cli;

import io.llm2clip.progress.Progress;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/** Progress on a terminal: one line that is drawn over and over, and stays when its phase is over. */
final class LiveProgress implements Progress {
    private static final Duration INTERVAL = Duration.ofMillis(200);

    /** To the start of the line, and after the text to its end: what was there before is overwritten without flicker. */
    private static final String RETURN = "\r";

    private static final String ERASE = "\033[K";

    private final PrintStream terminal;
    private final IntSupplier columns;
    private final LongSupplier nanoTime;
    /** Phases within phases; the last is shown. */
    private final List<PhaseCount> open = new ArrayList<>();

    private String drawn = "";
    private boolean ended;

    /**
     * Progress that is drawn when {@link #draw} is called.
     *
     * @param columns the width of the terminal, asked before each drawing because people resize windows
     * @param nanoTime the clock
     */
    LiveProgress(PrintStream terminal, IntSupplier columns, LongSupplier nanoTime) {
        this.terminal = terminal;
        this.columns = columns;
        this.nanoTime = nanoTime;
    }

    /** Progress that draws itself, also while no unit is finished, until the program ends. */
    static LiveProgress start(PrintStream terminal) {
        LiveProgress progress = new LiveProgress(terminal, TerminalWidth.ofProcess(), System::nanoTime);
        Thread.ofPlatform().daemon().name("progress").start(() -> {
            try {
                while (true) {
                    Thread.sleep(INTERVAL);
                    progress.draw();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        return progress;
    }

    @Override
    public synchronized Phase begin(String name, long total, String unit) {
        if (total == 0) {
            return Phase.NONE;
        }
        PhaseCount count = new PhaseCount(name, total, unit, nanoTime.getAsLong());
        open.add(count);
        draw();
        return new Drawn(count);
    }

    @Override
    public synchronized void note(String sentence) {
        aside(() -> terminal.println(sentence));
    }

    /** Writes to the terminal where the line is; it is drawn again below. */
    synchronized void aside(Runnable writing) {
        if (!drawn.isEmpty()) {
            terminal.print(RETURN + ERASE);
            terminal.flush();
            drawn = "";
        }
        writing.run();
    }

    synchronized void draw() {
        if (open.isEmpty() || ended) {
            return;
        }
        String line = ProgressText.line(open.getLast(), nanoTime.getAsLong(), columns.getAsInt());
        if (!line.equals(drawn)) {
            terminal.print(RETURN + line + ERASE);
            terminal.flush();
            drawn = line;
        }
    }

    /** The program is interrupted, and the terminal has echoed the key: what comes next on it gets a line of its own. */
    synchronized void interrupt() {
        if (open.isEmpty()) {
            terminal.println();
        } else {
            finish(open.getLast());
        }
        ended = true;
    }

    private void finish(PhaseCount count) {
        terminal.println(RETURN + ProgressText.last(count, nanoTime.getAsLong(), columns.getAsInt()) + ERASE);
        drawn = "";
    }

    private final class Drawn implements Phase {
        private final PhaseCount count;

        Drawn(PhaseCount count) {
            this.count = count;
        }

        @Override
        public void preparing(String activity) {
            synchronized (LiveProgress.this) {
                count.preparing(activity, nanoTime.getAsLong());
                draw();
            }
        }

        @Override
        public void advance(long units) {
            synchronized (LiveProgress.this) {
                count.advance(units, nanoTime.getAsLong());
            }
        }

        @Override
        public void metric(String metric, double value) {
            synchronized (LiveProgress.this) {
                count.metric(metric, value);
            }
        }

        @Override
        public void tally(String name, long value) {
            synchronized (LiveProgress.this) {
                count.tally(name, value);
            }
        }

        @Override
        public void close() {
            synchronized (LiveProgress.this) {
                if (open.remove(count) && !ended) {
                    finish(count);
                }
            }
        }
    }
}
