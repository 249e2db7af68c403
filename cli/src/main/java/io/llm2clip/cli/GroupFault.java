package io.llm2clip.cli;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.MaxValuesExceededException;
import picocli.CommandLine.MutuallyExclusiveArgsException;
import picocli.CommandLine.ParameterException;

/** Says what is wrong with options of which a user has to choose, by their names; the library says it by the synopsis of all groups. */
final class GroupFault {
    private static final Pattern OPTION = Pattern.compile("--[a-z][a-z0-9-]*");

    private GroupFault() {}

    /** One sentence on bad usage. */
    static String sentence(ParameterException exception) {
        String message = String.valueOf(exception.getMessage());
        List<String> options = List.copyOf(options(message));
        if (options.size() > 1 && exception instanceof MutuallyExclusiveArgsException) {
            return "%s goes with none of %s; leave one or the other out."
                    .formatted(options.getFirst(), String.join(", ", options.subList(1, options.size())));
        }
        if (options.size() > 1 && exception instanceof MaxValuesExceededException) {
            return "One of %s is given twice; give each once.".formatted(String.join(", ", options));
        }
        return message;
    }

    private static Set<String> options(String message) {
        Set<String> options = new LinkedHashSet<>();
        Matcher matcher = OPTION.matcher(message);
        while (matcher.find()) {
            options.add(matcher.group());
        }
        return options;
    }
}
