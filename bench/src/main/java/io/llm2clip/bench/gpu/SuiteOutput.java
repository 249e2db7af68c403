package io.llm2clip.bench.gpu;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ArrayNode;

/** What a test runner printed, as rows: how many tests succeeded, and each failure with its message. */
final class SuiteOutput {
    private static final Pattern COUNT = Pattern.compile("^(\\d+) of (\\d+) tests succeeded\\.$");
    /** Only names of what failed are indented by two. */
    private static final Pattern NAME = Pattern.compile("^ {2}\\S");

    private static final String MESSAGE = "=> ";

    private SuiteOutput() {}

    /** Adds rows where the text is that of a test runner; nothing otherwise. */
    static void addRows(String text, ArrayNode rows) {
        String name = "tests";
        for (String line : text.lines().toList()) {
            Matcher count = COUNT.matcher(line);
            if (count.matches()) {
                rows.add(Rows.row("tests")
                        .put("engine", "llm2clip")
                        .put("value", Integer.parseInt(count.group(1)))
                        .put("of", Integer.parseInt(count.group(2))));
            } else if (NAME.matcher(line).find()) {
                name = line.strip();
            } else if (line.strip().startsWith(MESSAGE)) {
                rows.add(Rows.row(name).put("error", line.strip().substring(MESSAGE.length())));
            }
        }
    }
}
