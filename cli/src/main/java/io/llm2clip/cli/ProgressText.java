package io.llm2clip.cli;

import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/** A phase in one line of a terminal; where it does not fit, what matters least is left out. */
final class ProgressText {
    private static final int LEAST_BAR = 10;
    private static final int MOST_BAR = 30;

    /** Seconds from which on an activity is shown; short ones would only flicker. */
    private static final double WORTH_SAYING = 1;

    private static final String GAP = "  ";

    private ProgressText() {}

    /**
     * {@code stage 1  [====>     ]  3/5  0.6/s  loss 2.170  left 0:03}, shorter than the terminal is wide: in the last column
     * some terminals wrap, and then every drawing would leave a line behind.
     */
    static String line(PhaseCount count, long now, int columns) {
        boolean preparing = !count.activity().isEmpty() && count.secondsOfActivity(now) >= WORTH_SAYING;
        OptionalDouble left = count.secondsLeft(now);
        String name = count.name();
        String fraction = count.fractionText();
        String pace = preparing ? count.activity() : count.rateText(now);
        String metrics = count.metricText(GAP);
        String time;
        if (preparing) {
            time = PhaseCount.clock(count.secondsOfActivity(now));
        } else {
            time = left.isPresent()
                    ? "left " + PhaseCount.clock(left.getAsDouble())
                    : PhaseCount.clock(count.seconds(now));
        }
        int spare = columns
                - 1
                - joined(List.of(name, "[]", fraction, pace, metrics, time)).length();
        if (spare >= LEAST_BAR && count.isBounded()) {
            String bar = bar(count.fraction(), Math.min(MOST_BAR, spare));
            return joined(List.of(name, bar, fraction, pace, metrics, time));
        }
        return fitting(
                columns - 1,
                List.of(name, fraction, pace, metrics, time),
                preparing ? List.of(name, fraction, pace, time) : List.of(name, fraction, metrics, time),
                List.of(name, fraction, time),
                List.of(name, fraction));
    }

    /** What stays of a phase: how much was done in what time. */
    static String last(PhaseCount count, long now, int columns) {
        String fraction = (count.finished() || !count.isBounded() ? "" : "stopped at ") + count.fractionText();
        String time = "took " + PhaseCount.clock(count.seconds(now));
        return fitting(
                columns - 1,
                List.of(count.name(), fraction, count.metricText(GAP), time),
                List.of(count.name(), fraction, time),
                List.of(count.name(), fraction));
    }

    private static String bar(double fraction, int width) {
        int filled = (int) (fraction * width);
        return "[" + "=".repeat(filled) + (filled < width ? ">" + " ".repeat(width - filled - 1) : "") + "]";
    }

    @SafeVarargs
    private static String fitting(int length, List<String>... choices) {
        String text = "";
        for (List<String> choice : choices) {
            text = joined(choice);
            if (text.length() <= length) {
                return text;
            }
        }
        return text.substring(0, Math.max(0, length));
    }

    private static String joined(List<String> parts) {
        return parts.stream().filter(part -> !part.isEmpty()).collect(Collectors.joining(GAP));
    }
}
