package io.llm2clip.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** A command of this program as a user can paste it into a shell. */
final class ShellCommand {
    /** What the user called this program, told by the launcher. */
    private static final String PROPERTY = "llm2clip.command";

    private ShellCommand() {}

    static String of(List<String> arguments) {
        return quoted(System.getProperty(PROPERTY, "llm2clip")) + " "
                + arguments.stream().map(ShellCommand::quoted).collect(Collectors.joining(" "));
    }

    /** A file as short as can be said from where the user is. */
    static String path(Path file) {
        Path here = Path.of("").toAbsolutePath();
        return (file.startsWith(here) ? here.relativize(file) : file).toString();
    }

    /** Single quotes where double ones would let the shell read something into the word. */
    private static String quoted(String word) {
        if (word.matches("[\\w@%+=:,./-]+")) {
            return word;
        }
        return word.matches("[^\\\\\"$`!]*") ? '"' + word + '"' : "'" + word.replace("'", "'\\''") + "'";
    }
}
