package io.llm2clip.cli;

import io.llm2clip.report.ShellWords;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A command of this program as a user can paste it into a shell. */
final class ShellCommand {
    /** What the user called this program, told by the launcher. */
    private static final String PROPERTY = "llm2clip.command";

    private ShellCommand() {}

    static String of(List<String> arguments) {
        return ShellWords.join(Stream.concat(Stream.of(System.getProperty(PROPERTY, "llm2clip")), arguments.stream())
                .toList());
    }

    /** A file as short as can be said from where the user is. */
    static String path(Path file) {
        Path here = Path.of("").toAbsolutePath();
        return (file.startsWith(here) ? here.relativize(file) : file).toString();
    }
}
