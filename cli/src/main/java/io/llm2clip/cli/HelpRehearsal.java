package io.llm2clip.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;

/**
 * Shows the help of every command, so that the JVM can keep what that takes for runs that ask for help: an entry point of the launcher,
 * which starts it in the background and without the Vector API.
 */
final class HelpRehearsal {
    private HelpRehearsal() {}

    public static void main(String[] arguments) throws ReflectiveOperationException {
        ofAllCommands();
    }

    /** As the launcher has it shown; ends the JVM if that fails. */
    static void ofAllCommands() throws ReflectiveOperationException {
        below(Llm2ClipCommand.wholeCommandLine(), List.of());
    }

    private static void below(CommandLine command, List<String> names) throws ReflectiveOperationException {
        List<String> words = new ArrayList<>(names);
        words.add("--help");
        Main.main(words.toArray(String[]::new));
        for (Map.Entry<String, CommandLine> sub : command.getSubcommands().entrySet()) {
            List<String> longer = new ArrayList<>(names);
            longer.add(sub.getKey());
            below(sub.getValue(), longer);
        }
    }
}
