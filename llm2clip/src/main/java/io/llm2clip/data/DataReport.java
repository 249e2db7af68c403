package io.llm2clip.data;

import io.llm2clip.progress.Quantity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What was used of a data file and what was not.
 *
 * @param file the file read
 * @param lines its lines, blank ones left out
 * @param usable the lines used
 * @param reasons how often each reason for skipping a line occurred
 * @param examples the first skipped lines
 */
public record DataReport(String file, int lines, int usable, Map<String, Integer> reasons, List<Skipped> examples) {
    /** A line that was left out; lines count from 1. */
    public record Skipped(int line, String reason, String detail) {}

    public DataReport {
        reasons = Map.copyOf(reasons);
        examples = List.copyOf(examples);
    }

    /** The lines left out. */
    public int skipped() {
        return lines - usable;
    }

    /** One sentence for the terminal. */
    public String summary() {
        var text = new StringBuilder("%s: %d of %s used".formatted(file, usable, Quantity.of(lines, "line")));
        String separator = "; skipped ";
        for (var reason : new TreeMap<>(reasons).entrySet()) {
            text.append(separator)
                    .append(reason.getValue())
                    .append(" (")
                    .append(reason.getKey())
                    .append(')');
            separator = ", ";
        }
        return text.append('.').toString();
    }

    /** Collects a report while a file is read, and decides when a file is too bad to be used. */
    static final class Builder {
        private static final int EXAMPLES = 100;

        private final String file;
        private final Map<String, Integer> reasons = new TreeMap<>();
        private final List<Skipped> examples = new ArrayList<>();
        private int usable;
        private int bad;
        private int missing;

        Builder(String file) {
            this.file = file;
        }

        void use() {
            usable++;
        }

        /** A line that breaks the format. */
        void skipBad(int line, String reason, String detail) {
            bad++;
            skip(line, reason, detail);
        }

        /** A good line whose image is not there. */
        void skipMissing(int line, String reason, String detail) {
            missing++;
            skip(line, reason, detail);
        }

        private void skip(int line, String reason, String detail) {
            reasons.merge(reason, 1, Integer::sum);
            if (examples.size() < EXAMPLES) {
                examples.add(new Skipped(line, reason, detail));
            }
        }

        /**
         * The report.
         *
         * @throws InputException when no line is usable, or more than one in ten breaks the format
         */
        DataReport build(String format) {
            int lines = usable + bad + missing;
            if (lines == 0) {
                throw new InputException("%s is empty; %s".formatted(file, format));
            }
            if (10L * bad > lines || usable == 0) {
                Skipped first = examples.getFirst();
                throw new InputException("%s has %s of %d, the first is line %d (%s%s); %s"
                        .formatted(
                                file,
                                Quantity.of(bad + missing, "unusable line"),
                                lines,
                                first.line,
                                first.reason,
                                first.detail.isEmpty() ? "" : ": " + first.detail,
                                format));
            }
            return new DataReport(file, lines, usable, reasons, examples);
        }
    }
}
