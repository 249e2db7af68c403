package io.llm2clip.nn.checkpoint;

import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;

/** Where a text stops being JSON, in words that a user can act on: the parser's own name its settings. */
public final class JsonFault {
    private JsonFault() {}

    /** The place as "line 3, column 7". */
    public static String place(JacksonException fault) {
        TokenStreamLocation location = fault.getLocation();
        return location == null
                ? "no JSON"
                : "line %d, column %d".formatted(location.getLineNr(), location.getColumnNr());
    }

    /** The place in a text of one line, as "column 7". */
    public static String column(JacksonException fault) {
        TokenStreamLocation location = fault.getLocation();
        return location == null ? "" : "column " + location.getColumnNr();
    }
}
