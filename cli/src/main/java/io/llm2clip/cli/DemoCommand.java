package io.llm2clip.cli;

import io.llm2clip.demo.Demo;
import io.llm2clip.demo.DemoExample;
import io.llm2clip.demo.DemoOptions;
import io.llm2clip.demo.DemoResult;
import io.llm2clip.demo.DemoTable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.node.ObjectNode;

/** {@code llm2clip demo}. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = "Draw a data set, train LLM2CLIP and the CLIP baseline from scratch on it, and compare them.",
        footerHeading = "%nExample:%n",
        footer = "  llm2clip demo --quick")
@HelpSection.In(HelpSection.TRAINING)
final class DemoCommand extends ComputingCommand {
    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Receives data, model and report (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("runs", "demo");

    @Mixin
    private OverwriteOption overwrite = new OverwriteOption();

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of data, weights and sampling (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Option(names = "--quick", description = "Less data and fewer steps, to see that everything works.")
    private boolean quick;

    @Option(
            names = "--ablations",
            description = "Also train without stage 1, and baselines with other context lengths.")
    private boolean ablations;

    @Mixin
    private Terminal terminal = new Terminal();

    @Override
    public void run() {
        DemoResult result = Demo.run(
                new DemoOptions(out, seed, quick, ablations, overwrite.existing(), false, device().execution()),
                terminal.progress());
        report(result, precision(), terminal);
    }

    /** Prints a result; the loss curves are left to the report. */
    static void report(DemoResult result, String precision, Terminal terminal) {
        if (terminal.json()) {
            ObjectNode json = Json.MAPPER.valueToTree(result);
            json.remove("curves");
            json.put(PRECISION, precision);
            terminal.printJson(json);
        } else {
            terminal.print(DemoTable.of(result));
        }
        terminal.remark("The model is in %s, the report is %s.".formatted(result.model(), result.report()));
        DemoExample example = result.example();
        List<String> words = new ArrayList<>(List.of("similarity"));
        if (!Path.of(result.model()).equals(ModelOption.USUAL)) {
            words.addAll(List.of("--model", result.model()));
        }
        words.add(ShellCommand.path(Path.of(example.image())));
        words.addAll(example.captions());
        terminal.hint("Ask it about an image that it has not seen; the %s caption describes it:"
                .formatted(List.of("first", "second", "third").get(example.right())));
        terminal.hint("  " + ShellCommand.of(words));
    }
}
