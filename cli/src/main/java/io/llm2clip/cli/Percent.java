package io.llm2clip.cli;

import java.util.Locale;

/** Probabilities for people. */
final class Percent {
    /** Less would be shown as nothing, which it is not. */
    private static final double LEAST = 0.0005;

    private Percent() {}

    /** With one decimal, right-aligned in a column of so many characters. */
    static String text(double probability, int width) {
        String number =
                probability > 0 && probability < LEAST ? "<0.1" : String.format(Locale.ROOT, "%.1f", 100 * probability);
        return " ".repeat(Math.max(0, width - number.length())) + number + " %";
    }
}
