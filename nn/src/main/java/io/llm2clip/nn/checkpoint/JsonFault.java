package io.llm2clip.nn.checkpoint;

import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;

/** Why and where a text is no JSON, in words that a user can act on: the parser's own speak of its settings, too. */
public final class JsonFault {
    private JsonFault() {}

    /** The reason and the place, as in "Unexpected end-of-input in line 3, column 7". */
    public static String describe(JacksonException fault) {
        String message = String.valueOf(fault.getOriginalMessage());
        // Behind these the parser describes its source.
        for (String end : new String[] {"\n", " (start marker", ": expected close marker", "; expected close marker"}) {
            int at = message.indexOf(end);
            message = at < 0 ? message : message.substring(0, at);
        }
        TokenStreamLocation location = fault.getLocation();
        return location == null
                ? message
                : "%s in line %d, column %d".formatted(message, location.getLineNr(), location.getColumnNr());
    }

    /** The place in a text of one line, as "column 7". */
    public static String column(JacksonException fault) {
        TokenStreamLocation location = fault.getLocation();
        return location == null ? "" : "column " + location.getColumnNr();
    }
}
