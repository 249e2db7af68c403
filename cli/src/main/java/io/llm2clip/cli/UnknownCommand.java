package io.llm2clip.cli;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** A word where a command is expected. */
final class UnknownCommand {
    /** So many letters too many, too few or wrong are taken for a slip. */
    private static final int SLIP = 2;

    private UnknownCommand() {}

    /**
     * Refuses an unknown command beside {@code --help}: next to a request for help everything else counts as incomplete and is
     * let through.
     */
    static void refuse(ParseResult arguments) {
        CommandLine last = arguments.asCommandLineList().getLast();
        List<String> unmatched = last.getParseResult().unmatched();
        if (!last.getSubcommands().isEmpty() && !unmatched.isEmpty()) {
            throw new UnmatchedArgumentException(last, unmatched);
        }
    }

    /** What to say of it, if that is what is wrong with the arguments. */
    static Optional<String> sentence(ParameterException exception) {
        List<String> commands =
                List.copyOf(exception.getCommandLine().getSubcommands().keySet());
        if (!(exception instanceof UnmatchedArgumentException unmatched)
                || commands.isEmpty()
                || unmatched.getUnmatched().getFirst().startsWith("-")) {
            return Optional.empty();
        }
        String word = unmatched.getUnmatched().getFirst();
        String remedy = commands.stream()
                .filter(command -> similar(word, command))
                .min(Comparator.comparingInt((String command) -> distance(word, command))
                        .thenComparing(command -> command.charAt(0) != word.charAt(0)))
                .map("did you mean '%s'?"::formatted)
                .orElse("expected one of %s.".formatted(String.join(", ", commands)));
        return Optional.of("Unknown command '%s'; %s".formatted(word, remedy));
    }

    private static boolean similar(String word, String command) {
        return word.length() > SLIP
                && (command.startsWith(word) || word.startsWith(command) || distance(word, command) <= SLIP);
    }

    /** Levenshtein's: letters to insert, delete or replace. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
