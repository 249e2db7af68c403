package io.llm2clip.cli;

import io.llm2clip.data.DataReport;
import io.llm2clip.progress.Progress;
import java.io.PrintWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** What commands print: results on standard output, progress and remarks on standard error. */
final class Terminal {
    static final JsonMapper JSON = JsonMapper.builder().build();

    /** The launcher's name for the terminal; the entry point has it too, which is compiled apart for older runtimes. */
    private static final String PROPERTY = "llm2clip.terminal";

    private static final int REASONS = 10;

    @Option(names = "--quiet", description = "Show no progress.")
    private boolean quiet;

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec spec;

    boolean json() {
        return json;
    }

    /** Bars where the launcher found standard error to be a terminal, otherwise lines. */
    Progress progress() {
        if (quiet) {
            return Progress.NONE;
        }
        return System.getProperty(PROPERTY, "").isEmpty()
                ? new ProgressLines(commandLine().getErr(), System::nanoTime)
                : new ProgressBars(System.err);
    }

    /** Prints a result. */
    void print(String text) {
        PrintWriter out = commandLine().getOut();
        out.println(text);
        out.flush();
    }

    /** Prints a result as one JSON object. */
    void printJson(Object value) {
        print(JSON.writeValueAsString(value));
    }

    /** Says something that is not part of the result. */
    void remark(String sentence) {
        PrintWriter err = commandLine().getErr();
        err.println(sentence);
        err.flush();
    }

    /** Says what of a data set was left out, the first reasons by name. */
    void skipped(DataReport data, List<String> brokenImages) {
        if (!data.complete()) {
            remark(data.summary());
        }
        brokenImages.stream().limit(REASONS).forEach(reason -> remark("Skipped: " + reason));
        if (!brokenImages.isEmpty()) {
            remark("%d of %d images skipped.".formatted(brokenImages.size(), data.usable()));
        }
    }

    /** Says how many captions the text encoder reads the beginning of alone. */
    void cut(int count, int captions) {
        if (count > 0) {
            remark("%d of %d captions %s too long for the text encoder and cut; what their ends say does not count."
                    .formatted(count, captions, count == 1 ? "is" : "are"));
        }
    }

    private CommandLine commandLine() {
        if (spec == null) {
            throw new IllegalStateException("Options are read before a command runs.");
        }
        return spec.commandLine();
    }
}
