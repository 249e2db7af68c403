package io.llm2clip.report;

import java.util.Locale;

/** Text as HTML. */
public final class Html {
    private Html() {}

    /** The text as content or attribute value. */
    public static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    /** A fraction as "12.3 %". */
    public static String percent(double fraction) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * fraction);
    }

    /** A term that is explained when it is pointed at. */
    public static String term(String term, String explanation) {
        return "<abbr title=\"%s\">%s</abbr>".formatted(escape(explanation), escape(term));
    }
}
