package io.llm2clip.data;

import io.llm2clip.progress.Quantity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * What was used of a data file and what was not.
 *
 * @param file the file read
 * @param unit what it is made of, in the singular: a line, an entry of a list, a file of a folder
 * @param lines its lines (or other units), blank ones left out
 * @param usable the lines used
 * @param reasons how often each reason for skipping a line occurred
 * @param examples the first skipped lines, and of every reason the first
 * @param captionsLeftOut how many captions of used lines were left out for each reason
 */
public record DataReport(
        String file,
        String unit,
        int lines,
        int usable,
        Map<String, Integer> reasons,
        List<Skipped> examples,
        Map<String, Integer> captionsLeftOut) {
    /** A line that was left out; lines count from 1. */
    public record Skipped(int line, String reason, String detail) {}

    public DataReport {
        reasons = Map.copyOf(reasons);
        examples = List.copyOf(examples);
        captionsLeftOut = Map.copyOf(captionsLeftOut);
    }

    /** The lines left out. */
    public int skipped() {
        return lines - usable;
    }

    /** Whether everything was used. */
    public boolean complete() {
        return skipped() == 0 && captionsLeftOut.isEmpty();
    }

    /** One sentence for the terminal: counts, and for each reason the first line that was skipped. */
    public String summary() {
        var text = new StringBuilder("%s: %d of %s used".formatted(file, usable, Quantity.of(lines, unit)));
        append(text, "; skipped ", reasons, reason -> reason + first(reason));
        append(text, "; captions left out: ", captionsLeftOut, reason -> reason);
        return text.append('.').toString();
    }

    private String first(String reason) {
        return examples.stream()
                .filter(example -> example.reason.equals(reason))
                .findFirst()
                .map(example -> ", first in " + unit + " " + example.line
                        + (example.detail.isEmpty() ? "" : ": " + example.detail))
                .orElse("");
    }

    private static void append(
            StringBuilder text, String first, Map<String, Integer> counts, UnaryOperator<String> name) {
        String separator = first;
        for (var count : new TreeMap<>(counts).entrySet()) {
            text.append(separator)
                    .append(count.getValue())
                    .append(" (")
                    .append(name.apply(count.getKey()))
                    .append(')');
            separator = ", ";
        }
    }

    /** Collects a report while a file is read, and decides when a file is too bad to be used. */
    public static final class Builder {
        private static final int EXAMPLES = 100;

        private final String file;
        private final String unit;
        private final Map<String, Integer> reasons = new TreeMap<>();
        private final List<Skipped> examples = new ArrayList<>();
        private int usable;
        private int bad;
        private int missing;
        private int outside;
        private final Map<String, Integer> leftOut = new TreeMap<>();
        private final Map<String, Integer> leftOutOfLine = new TreeMap<>();
        private Skipped firstMissing = new Skipped(0, "", "");

        Builder(String file) {
            this(file, "line");
        }

        /** @param unit what is counted, a regular noun in the singular */
        public Builder(String file, String unit) {
            this.file = file;
            this.unit = unit;
        }

        /** The current line was used. */
        public void use() {
            usable++;
            leftOutOfLine.forEach((reason, count) -> leftOut.merge(reason, count, Integer::sum));
            leftOutOfLine.clear();
        }

        /** A caption of the current line that cannot be used; the line may be. */
        public void leaveOut(String reason) {
            leftOutOfLine.merge(reason, 1, Integer::sum);
        }

        /** A line that breaks the format. */
        public void skipBad(int line, String reason, String detail) {
            bad++;
            skip(line, reason, detail);
        }

        /** A good line whose image is not there. */
        public void skipMissing(int line, String reason, String detail) {
            if (missing++ == 0) {
                firstMissing = new Skipped(line, reason, detail);
            }
            skip(line, reason, detail);
        }

        /** A good line whose image lies outside the folder. */
        public void skipOutside(int line, String reason, String detail) {
            outside++;
            skip(line, reason, detail);
        }

        private void skip(int line, String reason, String detail) {
            leftOutOfLine.clear();
            // The first of a reason is always kept, so that it can be named.
            if (examples.size() < EXAMPLES || !reasons.containsKey(reason)) {
                examples.add(new Skipped(line, reason, detail));
            }
            reasons.merge(reason, 1, Integer::sum);
        }

        /**
         * The report.
         *
         * @throws InputException when no line is usable, more than one in ten breaks the format, or the images of more than half
         *     are missing
         */
        public DataReport build(String format) {
            int lines = usable + bad + missing + outside;
            if (lines == 0) {
                throw new InputException("%s is empty; %s".formatted(file, format));
            }
            if (outside > 0 && usable == 0 && bad + missing == 0) {
                throw new InputException(
                        "%s names images outside its folder only, the first is %s in %s %d; neither paths nor links may leave it, put the file above the images or copy them."
                                .formatted(file, examples.getFirst().detail, unit, examples.getFirst().line));
            }
            if (10L * bad > lines || usable == 0) {
                Skipped first = examples.getFirst();
                throw new InputException("%s has %s of %d, the first is %s %d (%s%s); %s"
                        .formatted(
                                file,
                                Quantity.of(bad + missing + outside, "unusable " + unit),
                                lines,
                                unit,
                                first.line,
                                first.reason,
                                first.detail.isEmpty() ? "" : ": " + first.detail,
                                format));
            }
            if (2L * missing > lines) {
                throw new InputException(
                        "%s: the images of %d of %s do not exist, the first is %s in %s %d; correct the paths or add the images."
                                .formatted(
                                        file,
                                        missing,
                                        Quantity.of(lines, unit),
                                        firstMissing.detail,
                                        unit,
                                        firstMissing.line));
            }
            return new DataReport(file, unit, lines, usable, reasons, examples, leftOut);
        }
    }
}
