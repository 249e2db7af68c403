package io.llm2clip.training.run;

import java.util.List;
import java.util.stream.Stream;

/**
 * A command to try what came of a training with.
 *
 * @param purpose what it does, as the beginning of a sentence
 * @param words of the command
 */
public record NextCommand(String purpose, List<String> words) {
    public NextCommand {
        words = List.copyOf(words);
    }

    /** A command of this program. */
    public static NextCommand of(String purpose, String... arguments) {
        return new NextCommand(
                purpose,
                Stream.concat(Stream.of("llm2clip"), Stream.of(arguments)).toList());
    }
}
