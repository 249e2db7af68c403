package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

class HelpTest {
    static List<CommandLine> commands() {
        List<CommandLine> found = new ArrayList<>();
        collect(Llm2ClipCommand.wholeCommandLine(), found);
        return found;
    }

    private static void collect(CommandLine command, List<CommandLine> found) {
        // The rest is the library's own.
        if (command.getCommand().getClass().getPackage().equals(HelpTest.class.getPackage())) {
            found.add(command);
        }
        command.getSubcommands().values().forEach(each -> collect(each, found));
    }

    /** What a command has for itself is read first; what it shares with others comes last. */
    @ParameterizedTest
    @MethodSource("commands")
    void sectionsComeFromTheSpecialToTheGeneral(CommandLine command) {
        String help = command.getUsageMessage();
        List<String> headings = Pattern.compile("(?m)^([A-Z][a-z ]+):$")
                .matcher(help)
                .results()
                .map(match -> match.group(1))
                .toList();
        assertThat(headings).doesNotHaveDuplicates().endsWith("Example");
        List<String> order = List.of(
                "Arguments",
                "Input",
                "Training",
                "Output",
                "Device",
                "General",
                "Commands",
                "Stages",
                "Exit codes",
                "Example");
        assertThat(headings)
                .isSubsetOf(order)
                .isEqualTo(order.stream().filter(headings::contains).toList());
        // A heading stands apart from what is above it.
        assertThat(help.lines().toList())
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
        assertThat(help.replace("\r", "")).doesNotContainPattern("[^\n]\n[A-Z][a-z ]+:\n");
    }

    /** An option that nobody put into a section would hide among these. */
    @ParameterizedTest
    @MethodSource("commands")
    void onlyWhatAllCommandsShareIsGeneral(CommandLine command) {
        String general = command.getUsageMessage()
                .replaceFirst("(?s).*\\RGeneral:\\R", "")
                .replaceFirst("(?s)\\R\\R.*", "");
        assertThat(Pattern.compile("(?m)^ +(?:-\\w, +)?(--[\\w\\[\\]-]+)")
                        .matcher(general)
                        .results()
                        .map(match -> match.group(1)))
                .isNotEmpty()
                .isSubsetOf("--quiet", "--json", "--help", "--version", "--verbose");
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyOptionIsListedOnce(CommandLine command) {
        String help = command.getUsageMessage();
        List<String> listed = help.substring(help.indexOf(":" + System.lineSeparator()))
                .lines()
                .map(line -> line.replace("--[no-]", "--").replaceFirst("^ +(-\\w, +)?(--[\\w-]+).*", "$2"))
                .filter(line -> line.startsWith("--"))
                .toList();
        assertThat(listed)
                .containsExactlyInAnyOrderElementsOf(command.getCommandSpec().options().stream()
                        .filter(option -> !option.hidden())
                        .map(HelpTest::listedName)
                        .toList());
    }

    /** An option of several names is listed by the shortest word. */
    private static String listedName(OptionSpec option) {
        return Stream.of(option.names())
                .filter(name -> name.startsWith("--"))
                .min(Comparator.comparingInt(String::length))
                .orElseThrow();
    }

    /** Examples grow stale: each must be a command line that is understood. */
    @ParameterizedTest
    @MethodSource("commands")
    void theExampleIsUnderstood(CommandLine command) {
        Matcher example = Pattern.compile("Example:\\R {2}llm2clip ([^\\n;>]+)").matcher(command.getUsageMessage());
        assertThat(example.find()).isTrue();
        String[] words = Pattern.compile("\"([^\"]*)\"|(\\S+)")
                .matcher(example.group(1))
                .results()
                .map(match -> match.group(1) == null ? match.group(2) : match.group(1))
                .toArray(String[]::new);
        CommandLine.ParseResult parsed = Llm2ClipCommand.commandLine(words).parseArgs(words);
        String name = parsed.asCommandLineList().getLast().getCommandSpec().qualifiedName();
        assertThat(name).startsWith(command.getCommandSpec().qualifiedName());
        assertThat(Stream.of(words)).as(Arrays.toString(words)).isNotEmpty();
    }
}
