package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** A run reads the options of the commands it names, and shows no difference. */
class CommandTreeTest {
    private static final CommandLine WHOLE = Llm2ClipCommand.wholeCommandLine();

    private static Map<String, Boolean> haveOptions(CommandLine command) {
        return command.getSubcommands().entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey,
                        entry -> entry.getValue().getCommandSpec().options().size()
                                        + entry.getValue()
                                                .getCommandSpec()
                                                .positionalParameters()
                                                .size()
                                > INHERITED));
    }

    /** {@code --verbose}, which all commands have from the root. */
    private static final int INHERITED = 1;

    @ParameterizedTest
    @CsvSource({"--help,", "similarity a.png text, similarity", "embed --help, embed", "help eval, eval help"})
    void onlyCommandsThatAreNamedHaveTheirOptions(String arguments, String expected) {
        Map<String, Boolean> found = haveOptions(Llm2ClipCommand.commandLine(arguments.split(" ")));
        assertThat(found.keySet()).isEqualTo(WHOLE.getSubcommands().keySet());
        assertThat(found.keySet().stream().filter(found::get))
                .containsExactlyInAnyOrderElementsOf(expected == null ? List.of() : Arrays.asList(expected.split(" ")));
    }

    @Test
    void stagesOfTrainingToo() {
        CommandLine train = Llm2ClipCommand.commandLine("train", "mntp", "x")
                .getSubcommands()
                .get("train");
        assertThat(haveOptions(train)).isEqualTo(Map.of("mntp", true, "caption", false, "clip", false));
    }

    @Test
    void completionsHaveTheOptionsOfAll() {
        assertThat(haveOptions(Llm2ClipCommand.commandLine("generate-completion")))
                .isEqualTo(haveOptions(WHOLE));
        assertThat(Run.of("generate-completion").out()).contains("--text-lora", "--max-megapixels");
    }

    /** Lists of commands have their names and what they do, whether they were read whole or not. */
    @ParameterizedTest
    @ValueSource(strings = {"--help", "help", "train --help", "train clip --help", "help train", "devices --help"})
    void helpIsThatOfTheWholeTree(String arguments) {
        String[] words = arguments.split(" ");
        String help = Run.of((Object[]) words).out();
        StringWriter expected = new StringWriter();
        Llm2ClipCommand.wholeCommandLine().setOut(new PrintWriter(expected)).execute(words);
        assertThat(help).isNotEmpty().isEqualTo(expected.toString());
    }
}
