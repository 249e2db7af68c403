package io.llm2clip.cli;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

/**
 * All commands, and which are below which. A command that the arguments do not name is there with its name and description only, as
 * help lists it: to read the options of all commands by reflection takes longer than all else that a short run does.
 */
final class CommandTree {
    private static final Map<Class<?>, List<Class<?>>> BELOW = Map.of(
            Llm2ClipCommand.class,
                    List.of(
                            DemoCommand.class,
                            EmbedCommand.class,
                            SimilarityCommand.class,
                            ClassifyCommand.class,
                            EvalCommand.class,
                            TrainCommand.class,
                            CacheTextCommand.class,
                            PullCommand.class,
                            InspectCommand.class,
                            ConvertCommand.class,
                            DevicesCommand.class,
                            JvmArgsCommand.class,
                            GenerateCompletion.class,
                            CommandLine.HelpCommand.class),
            TrainCommand.class, List.of(TrainMntpCommand.class, TrainCaptionCommand.class, TrainClipCommand.class));

    private CommandTree() {}

    /** The tree below {@code root} with every command whole. */
    static CommandLine whole(Object root) {
        return grow(new CommandLine(root), root.getClass(), _ -> true);
    }

    /** The tree below {@code root} as far as a run with {@code arguments} can need it. */
    static CommandLine of(Object root, List<String> arguments) {
        // A script of completions has the options of all commands.
        return arguments.contains(name(GenerateCompletion.class))
                ? whole(root)
                : grow(new CommandLine(root), root.getClass(), arguments::contains);
    }

    private static CommandLine grow(CommandLine command, Class<?> declaration, Predicate<String> named) {
        for (Class<?> below : BELOW.getOrDefault(declaration, List.of())) {
            String name = name(below);
            command.addSubcommand(
                    name,
                    named.test(name) ? grow(new CommandLine(below), below, named) : new CommandLine(listed(below)));
        }
        return command;
    }

    private static CommandSpec listed(Class<?> declaration) {
        Command command = command(declaration);
        CommandSpec spec = CommandSpec.create().name(command.name());
        spec.usageMessage().header(command.header()).description(command.description());
        return spec;
    }

    private static String name(Class<?> declaration) {
        return command(declaration).name();
    }

    private static Command command(Class<?> declaration) {
        return Objects.requireNonNull(declaration.getAnnotation(Command.class));
    }
}
