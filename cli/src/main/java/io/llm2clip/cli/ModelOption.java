package io.llm2clip.cli;

import io.llm2clip.Llm2Clip;
import io.llm2clip.LoadOptions;
import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.tensor.Execution;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model a command uses. */
@HelpSection.In(HelpSection.INPUT)
final class ModelOption {
    /** Where the demo puts its model. */
    static final Path USUAL = Path.of("runs", "demo", "model");

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "The trained model (default: ${DEFAULT-VALUE}, which the demo makes).")
    private Path directory = USUAL;

    @Mixin
    private SpecialTokensOption specialTokens = new SpecialTokensOption();

    @Mixin
    private ImageOptions images = new ImageOptions();

    /** @param execution where and how it computes */
    Llm2Clip load(Execution execution) {
        // A run that died while it replaced the model may have left it under another name.
        OutputDirectory.recover(directory);
        LoadOptions options = images.forModel(specialTokens.choice(), execution);
        if (!Files.isDirectory(directory)) {
            throw new InputException("There is no model directory %s; run 'llm2clip demo' or give one with --model."
                    .formatted(directory));
        }
        return Llm2Clip.load(directory, options);
    }
}
