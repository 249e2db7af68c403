package io.llm2clip.bench.gpu;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ArrayNode;

/** What a test runner printed, as rows: how many tests succeeded, and each failure with its message. */
final class SuiteOutput {
    private static final Pattern COUNT = Pattern.compile("^(\\d+) of (\\d+) tests succeeded\\.$");
    private static final String MESSAGE = "=> ";

    private SuiteOutput() {}

    /** Adds rows where the text is that of a test runner; nothing otherwise. */
    static void addRows(String text, ArrayNode rows) {
        List<String> lines = text.lines().map(String::strip).toList();
        for (int i = 0; i < lines.size(); i++) {
            Matcher count = COUNT.matcher(lines.get(i));
            if (count.matches()) {
                rows.add(Rows.row("tests")
                        .put("engine", "llm2clip")
                        .put("value", Integer.parseInt(count.group(1)))
                        .put("of", Integer.parseInt(count.group(2))));
            } else if (lines.get(i).startsWith(MESSAGE) && i >= 2) {
                // Above the message stands where the test is from, and above that its name.
                rows.add(Rows.row(lines.get(i - 2)).put("error", lines.get(i).substring(MESSAGE.length())));
            }
        }
    }
}
