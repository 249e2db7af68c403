package io.llm2clip.report;

import io.llm2clip.evaluation.Bootstrap.Interval;
import java.util.Locale;

/** Differences in points as HTML. */
public final class Points {
    private Points() {}

    /** The difference with its interval, colored where it is ahead or behind. */
    public static String html(Interval difference) {
        return "<span class=\"%s\">%s</span>"
                .formatted(difference.standing().name().toLowerCase(Locale.ROOT), difference.points());
    }
}
