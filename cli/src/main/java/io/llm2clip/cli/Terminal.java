package io.llm2clip.cli;

import io.llm2clip.progress.Progress;
import io.llm2clip.progress.Quantity;
import java.io.PrintWriter;
import java.util.List;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What commands print: results on standard output, progress and remarks on standard error. */
@HelpSection.In(HelpSection.GENERAL)
final class Terminal {
    /** The launcher's name for the terminal; the entry point has it too, which is compiled apart for older runtimes. */
    private static final String PROPERTY = "llm2clip.terminal";

    private static final Thread INTERRUPTION = new Thread(() -> Live.PROGRESS.interrupt(), "interruption");

    private static final int REASONS = 10;

    /** A process has one terminal. */
    private static final class Live {
        static final LiveProgress PROGRESS = LiveProgress.start(System.err);
    }

    @Option(names = "--quiet", description = "Show no progress and no hints.")
    private boolean quiet;

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec spec;

    boolean json() {
        return json;
    }

    /** A line that moves where the launcher found standard error to be a terminal, otherwise lines of a log. */
    Progress progress() {
        if (quiet) {
            return new Remarks();
        }
        if (!movable()) {
            return new ProgressLines(commandLine().getErr(), System::nanoTime);
        }
        return Live.PROGRESS;
    }

    private static boolean movable() {
        return !System.getProperty(PROPERTY, "").isEmpty() && !"dumb".equals(System.getenv("TERM"));
    }

    /** Runs the program so that a prompt that follows its interruption is on a line of its own. */
    static int runInterruptibly(IntSupplier program) {
        if (!movable()) {
            return program.getAsInt();
        }
        Runtime.getRuntime().addShutdownHook(INTERRUPTION);
        int code = program.getAsInt();
        endInterruptibility();
        return code;
    }

    /** Ends the program without another word, also from within what is being written. */
    static void exitQuietly(int code) {
        // It would wait for this thread, which holds the line of progress while it writes.
        endInterruptibility();
        System.exit(code);
    }

    /** What is said when the program is interrupted before this is closed. */
    interface AtInterruption extends AutoCloseable {
        @Override
        void close();
    }

    /** Has a sentence said if the program is interrupted; an empty one is not. */
    AtInterruption atInterruption(Supplier<String> sentence) {
        Thread hook = new Thread(
                () -> {
                    String last = sentence.get();
                    if (!last.isEmpty()) {
                        remark(last);
                    }
                },
                "last-words");
        Runtime.getRuntime().addShutdownHook(hook);
        return () -> {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // It is interrupted already, in its last moment.
            }
        };
    }

    private static void endInterruptibility() {
        try {
            Runtime.getRuntime().removeShutdownHook(INTERRUPTION);
        } catch (IllegalStateException e) {
            // It is interrupted already, in its last moment.
        }
    }

    /** Progress that is not shown; what is worth saying outside of it still is. */
    private final class Remarks implements Progress {
        @Override
        public Phase begin(String name, long total, String unit) {
            return NONE.begin(name, total, unit);
        }

        @Override
        public void note(String sentence) {
            remark(sentence);
        }

        @Override
        public void announce(String line) {}
    }

    /** Prints a result. */
    void print(String text) {
        println(commandLine().getOut(), text);
    }

    /** Prints a result as one JSON object. */
    void printJson(Object value) {
        print(Json.MAPPER.writeValueAsString(value));
    }

    /** Says something that is not part of the result. */
    void remark(String sentence) {
        println(commandLine().getErr(), sentence);
    }

    /** Says how to read a result or go on from it, to people. */
    void hint(String sentence) {
        if (!quiet && !json) {
            remark(sentence);
        }
    }

    private void println(PrintWriter to, String text) {
        Runnable writing = () -> {
            to.println(text);
            to.flush();
        };
        if (movable()) {
            Live.PROGRESS.aside(writing);
        } else {
            writing.run();
        }
    }

    /**
     * Says what was left out.
     *
     * @param reasons of the first, a sentence each
     * @param total those left out and the others
     */
    void skipped(List<String> reasons, long count, long total, String unit) {
        reasons.stream().limit(REASONS).forEach(reason -> remark("Skipped: " + reason));
        if (count > 0) {
            remark("%d of %s skipped.".formatted(count, Quantity.of(total, unit)));
        }
    }

    /** Says how many captions training reads the beginning of alone. */
    void cut(long count, long captions) {
        if (count > 0) {
            remark("%s too long for the text encoder and cut; what their ends say does not count."
                    .formatted(ofCaptions(count, captions)));
        }
    }

    /**
     * Says how many captions a model reads the beginning of alone.
     *
     * @param limit tokens that it reads
     */
    void cut(long count, long captions, int limit) {
        if (count > 0) {
            remark(cutBy(count, captions, limit) + "; shorten it, or raise --max-length where the model can.");
        }
    }

    /** The same of a baseline, which options on captions do not concern. */
    void cut(String baseline, long count, long captions, int limit) {
        if (count > 0) {
            remark("%s: %s.".formatted(baseline, cutBy(count, captions, limit)));
        }
    }

    private static String cutBy(long count, long captions, int limit) {
        return "%s too long and cut: of a caption and its template %d tokens are read, what its end says does not count"
                .formatted(ofCaptions(count, captions), limit);
    }

    private static String ofCaptions(long count, long captions) {
        return "%d of %s %s".formatted(count, Quantity.of(captions, "caption"), count == 1 ? "is" : "are");
    }

    private CommandLine commandLine() {
        if (spec == null) {
            throw new IllegalStateException("Options are read before a command runs.");
        }
        return spec.commandLine();
    }
}
