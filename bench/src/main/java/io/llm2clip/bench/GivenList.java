package io.llm2clip.bench;

import java.util.Collection;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Options that take names with commas between: of a comma alone nothing is left, as if the option were not there. */
public final class GivenList {
    private GivenList() {}

    /**
     * Checks what an option was given.
     *
     * @throws ParameterException if it is there and names nothing
     */
    public static void require(CommandSpec command, String option, Collection<?> names) {
        if (names.isEmpty() && command.commandLine().getParseResult().hasMatchedOption(option)) {
            throw new ParameterException(
                    command.commandLine(), "%s names nothing; give a name, or leave it out.".formatted(option));
        }
    }
}
