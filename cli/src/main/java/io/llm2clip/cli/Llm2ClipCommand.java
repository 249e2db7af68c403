package io.llm2clip.cli;

import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemoryError;
import io.llm2clip.tensor.machine.Processor;
import io.llm2clip.tensor.machine.TornadoRuntime;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The root command. Exit codes: 0 done, 1 failed, 2 bad usage; a failure is one sentence on standard error, and a stack
 * trace only with {@code --verbose}.
 */
@Command(
        name = "llm2clip",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Images and long captions in one space, on the JVM.",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:failed",
            "2:bad usage",
            "130:interrupted",
            "143:terminated",
            "141:the reader of standard output left"
        },
        footerHeading = "%nExample:%n",
        footer = "  llm2clip demo --quick")
public final class Llm2ClipCommand implements Runnable {
    private static final String HEADLESS = "java.awt.headless";

    @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "Show the stack trace of a failure.")
    private boolean verbose;

    @Spec
    private @Nullable CommandSpec spec;

    /** As of programs that the signal of a closed pipe ends: 128 and its number. */
    private static final int READER_LEFT = 128 + 13;

    /** Runs the command line; the entry point ends the JVM with the exit code that comes back. */
    public static int run(String[] arguments) {
        // Reading images needs no display; without this a Mac shows the program in its Dock.
        if (System.getProperty(HEADLESS) == null) {
            System.setProperty(HEADLESS, "true");
        }
        return Terminal.runInterruptibly(() -> commandLine(arguments)
                // At once: what is unfinished is deleted, and no line of progress is written.
                .setOut(StandardOutput.ofProcess(() -> Terminal.exitQuietly(READER_LEFT)))
                .setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8))
                .execute(arguments));
    }

    /** The command line for a run with {@code arguments}, with its handling of errors. */
    static CommandLine commandLine(String... arguments) {
        Llm2ClipCommand command = new Llm2ClipCommand();
        return command.handleErrors(CommandTree.of(command, List.of(arguments)));
    }

    /** The command line with all commands whole, for those who look at them. */
    static CommandLine wholeCommandLine() {
        Llm2ClipCommand command = new Llm2ClipCommand();
        return command.handleErrors(CommandTree.whole(command));
    }

    private CommandLine handleErrors(CommandLine tree) {
        return NumberConverters.register(HelpSection.divide(tree))
                .setCaseInsensitiveEnumValuesAllowed(true)
                // A text may begin with an @.
                .setExpandAtFiles(false)
                .setParameterExceptionHandler(Llm2ClipCommand::refuse)
                .setExecutionExceptionHandler(this::fail)
                .setExecutionStrategy(Llm2ClipCommand::runWithSettings);
    }

    /** Without a subcommand there is nothing to do. */
    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "Expected a command.");
        }
    }

    /** Settings are part of the usage, as options are. */
    private static int runWithSettings(ParseResult arguments) {
        CommandLine command = arguments.asCommandLineList().getLast();
        if (!command.isUsageHelpRequested() && !command.isVersionHelpRequested()) {
            try {
                Processor.checkSettings();
            } catch (IllegalArgumentException e) {
                throw new ParameterException(command, String.valueOf(e.getMessage()), e);
            }
        }
        return runWithinMemory(arguments);
    }

    private static int runWithinMemory(ParseResult arguments) {
        UnknownCommand.refuse(arguments);
        Within.Check.all(arguments);
        ListValues.requireAll(arguments);
        try {
            return runOnDevice(arguments);
        } catch (OutOfMemoryError e) {
            // Picocli handles exceptions only, and this error has a remedy that the user should read.
            String sentence = e instanceof EngineMemoryError
                    ? String.valueOf(e.getMessage())
                    : "Java ran out of memory (" + e.getMessage()
                            + "); use smaller batches or set LLM2CLIP_JAVA_OPTIONS=-Xmx with a larger heap.";
            throw new CommandLine.ExecutionException(arguments.commandSpec().commandLine(), sentence, e);
        } catch (StandardOutputException e) {
            // Of help and version; picocli wraps only what commands throw.
            throw new CommandLine.ExecutionException(
                    arguments.commandSpec().commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    private static int runOnDevice(ParseResult arguments) {
        CommandLine command = arguments.asCommandLineList().getLast();
        if (command.isUsageHelpRequested()
                || !(command.getCommand() instanceof ComputingCommand computing)
                || !computing.device().accelerator()) {
            return new CommandLine.RunLast().execute(arguments);
        }
        try {
            if (TornadoRuntime.absence().isPresent()) {
                return Relaunch.withTornado(arguments.originalArgs());
            }
            try (Device _ = computing.device().open()) {
                return new CommandLine.RunLast().execute(arguments);
            }
        } catch (CommandLine.PicocliException e) {
            throw e;
        } catch (RuntimeException e) {
            // Of the device, which is opened and closed around the command; picocli wraps only what commands throw.
            throw new CommandLine.ExecutionException(command, String.valueOf(e.getMessage()), e);
        }
    }

    private static int refuse(ParameterException exception, String[] arguments) {
        CommandLine command = exception.getCommandLine();
        PrintWriter err = command.getErr();
        Optional<String> unknown = UnknownCommand.sentence(exception);
        err.println("error: " + unknown.orElseGet(() -> GroupFault.sentence(exception)));
        if (unknown.isPresent() || !UnmatchedArgumentException.printSuggestions(exception, err)) {
            err.println("Try '%s --help'.".formatted(command.getCommandSpec().qualifiedName()));
        }
        err.flush();
        return command.getCommandSpec().exitCodeOnInvalidInput();
    }

    private int fail(Exception exception, CommandLine command, @Nullable ParseResult arguments) {
        PrintWriter err = command.getErr();
        String message = exception.getMessage();
        if (exception instanceof StoppedCommandException stopped) {
            err.println(message);
            err.flush();
            return stopped.code();
        }
        err.println("error: " + (message == null ? exception.getClass().getSimpleName() : message));
        if (verbose) {
            exception.printStackTrace(err);
        } else if (exception instanceof RuntimeException && message == null) {
            err.println("This is a bug; --verbose shows where.");
        }
        err.flush();
        return command.getCommandSpec().exitCodeOnExecutionException();
    }
}
