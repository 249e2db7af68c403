package io.llm2clip.cli;

import io.llm2clip.conversion.Conversion;
import io.llm2clip.conversion.RoundedTensor;
import io.llm2clip.hub.HubPath;
import io.llm2clip.nn.RoundingError;
import io.llm2clip.nn.SavedType;
import io.llm2clip.nn.Saving;
import io.llm2clip.progress.Quantity;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code llm2clip convert}. */
@Command(
        name = "convert",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Write a model as a directory of safetensors with Hugging Face's names, in a type of one's choice.",
            "Of models of any size little is in memory. What rounding changes is measured."
        },
        footerHeading = "%nExample:%n",
        footer = "  llm2clip convert LLM2CLIP-Openai-B-16 my-model --weights int8")
final class ConvertCommand implements Runnable {
    private static final int WORST = 5;

    @Parameters(
            index = "0",
            paramLabel = "IN",
            description =
                    "An LLM2CLIP model, a CLIP or SigLIP with its own text tower, a vision tower of CLIP, EVA-CLIP or SigLIP, or"
                            + " a text encoder (a directory, a GGUF file, a PEFT adapter with its base); or its name on the Hub"
                            + " after 'llm2clip pull'.")
    private String in = "";

    @Parameters(index = "1", paramLabel = "OUT", description = "Receives the same, in a directory of its own.")
    private Path out = Path.of("");

    @HelpSection.In(HelpSection.INPUT)
    @Option(
            names = "--text-encoder",
            paramLabel = "PATH|NAME",
            description =
                    "The text encoder of a published model: its directory, a GGUF file, or its name on the Hub (default: the one of"
                            + " its published name beside the model).")
    private @Nullable String textEncoder;

    @HelpSection.In(HelpSection.INPUT)
    @Option(
            names = "--adapter",
            paramLabel = "DIR|NAME",
            description =
                    "A LoRA adapter of PEFT that is merged into a text encoder; several are merged in the order of the options.")
    private List<String> adapters = List.of();

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--weights",
            paramLabel = "TYPE",
            description =
                    "stored, f32, bf16, f16, int8 or int4. int8 and int4 are for the matrices of linear layers, and only this"
                            + " program reads such files. stored keeps the types that there are; what was merged, or quantized"
                            + " in a GGUF file, becomes f32 (default: ${DEFAULT-VALUE}).")
    private SavedType type = SavedType.STORED;

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--shard-size",
            paramLabel = "SIZE",
            converter = ByteSize.Converter.class,
            description = "Write weights that are larger to several files and an index, such as 2g (default: 5 GB).")
    private ByteSize shardSize = new ByteSize(Saving.USUAL_SHARD);

    @Mixin
    private OverwriteOption overwrite = new OverwriteOption();

    @Mixin
    private Terminal terminal = new Terminal();

    @Spec
    private @Nullable CommandSpec spec;

    private record Tensor(String name, double relativeError, double cosine) {
        static Tensor of(RoundedTensor tensor) {
            return new Tensor(
                    tensor.name(),
                    rounded(tensor.error().relative()),
                    rounded(tensor.error().cosine()));
        }

        /** The order in which sums are made depends on threads. */
        private static double rounded(double value) {
            return Double.isFinite(value) ? Double.parseDouble(String.format(Locale.ROOT, "%.6e", value)) : value;
        }
    }

    private record Report(
            String kind, String out, long bytes, double relativeError, double cosine, List<Tensor> roundedTensors) {}

    @Override
    public void run() {
        Conversion conversion = BadUsage.unless(
                spec,
                () -> new Conversion(
                        HubPath.of(in),
                        out,
                        Optional.ofNullable(textEncoder).map(HubPath::of),
                        adapters.stream().map(HubPath::of).toList(),
                        type,
                        shardSize.bytes(),
                        overwrite.existing()));
        Conversion.Result result = conversion.run(terminal.progress());
        RoundingError all =
                result.roundings().stream().map(RoundedTensor::error).reduce(RoundingError.NONE, RoundingError::plus);
        List<Tensor> tensors = result.roundings().stream()
                .map(Tensor::of)
                .sorted(Comparator.comparingDouble(Tensor::relativeError).reversed())
                .toList();
        if (terminal.json()) {
            terminal.printJson(new Report(
                    result.kind().text(),
                    out.toString(),
                    result.bytes(),
                    Tensor.rounded(all.relative()),
                    Tensor.rounded(all.cosine()),
                    tensors));
            return;
        }
        terminal.print("%s: %s of weights in %s."
                .formatted(capitalized(result.kind().text()), ByteSize.text(result.bytes()), out));
        if (tensors.isEmpty()) {
            terminal.print("No weight was rounded.");
        } else {
            terminal.print("%s rounded: relative error %s, cosine %s. The most:"
                    .formatted(Quantity.of(tensors.size(), "tensor"), percent(all.relative()), cosine(all.cosine())));
            tensors.stream()
                    .limit(WORST)
                    .forEach(tensor -> terminal.print("  %-52s %9s  %s"
                            .formatted(tensor.name, percent(tensor.relativeError), cosine(tensor.cosine))));
        }
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.3f %%", 100 * share);
    }

    private static String cosine(double value) {
        return String.format(Locale.ROOT, "%.7f", value);
    }

    private static String capitalized(String text) {
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }
}
