package io.llm2clip.report;

import java.util.List;
import java.util.stream.Collectors;

/** Words as a user can paste them into a shell. */
public final class ShellWords {
    private ShellWords() {}

    /** All, with spaces between them. */
    public static String join(List<String> words) {
        return words.stream().map(ShellWords::quoted).collect(Collectors.joining(" "));
    }

    /** Single quotes where double ones would let the shell read something into the word. */
    private static String quoted(String word) {
        if (word.matches("[\\w@%+=:,./-]+")) {
            return word;
        }
        return word.matches("[^\\\\\"$`!]*") ? '"' + word + '"' : "'" + word.replace("'", "'\\''") + "'";
    }
}
