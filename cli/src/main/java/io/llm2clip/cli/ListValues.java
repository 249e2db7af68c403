package io.llm2clip.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Options that take values with commas between. The library drops empty ones at the end, so that a comma alone would be as if the option
 * were not there.
 */
final class ListValues {
    private ListValues() {}

    /** @throws ParameterException naming the first option with an empty value in its list, unless help was asked for */
    static void requireAll(ParseResult arguments) {
        for (CommandLine command : arguments.asCommandLineList()) {
            if (command.isUsageHelpRequested()) {
                return;
            }
            for (ArgSpec argument : command.getParseResult().matchedArgs()) {
                if (argument instanceof OptionSpec option
                        && !option.splitRegex().isEmpty()) {
                    option.originalStringValues().forEach(list -> require(command, option, list));
                }
            }
        }
    }

    private static void require(CommandLine command, OptionSpec option, String list) {
        if (Arrays.stream(list.split(option.splitRegex(), -1)).anyMatch(String::isBlank)) {
            throw new ParameterException(
                    command,
                    "%s '%s': expected a value before and after each comma, found none; %s."
                            .formatted(option.longestName(), list, remedy(option)));
        }
    }

    private static String remedy(OptionSpec option) {
        List<String> choices = new ArrayList<>();
        if (option.completionCandidates() != null) {
            option.completionCandidates().forEach(choices::add);
        }
        return choices.isEmpty()
                ? "give one, or leave out the comma"
                : "choose from %s".formatted(String.join(", ", choices));
    }
}
