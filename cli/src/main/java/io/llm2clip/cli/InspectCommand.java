package io.llm2clip.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.JsonFault;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.progress.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** {@code llm2clip inspect}. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Show the parts of a model: files, numbers and types of tensors, sizes.",
        footerHeading = "%nExample:%n",
        footer = "  llm2clip inspect runs/demo/model --tensors")
final class InspectCommand implements Runnable {
    private static final int DEPTH = 2;

    @Parameters(paramLabel = "FILE|DIR", description = "A .safetensors file or a directory of a model.")
    private Path path = Path.of("");

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(names = "--tensors", description = "Also list all tensors with their types and shapes.")
    private boolean withTensors;

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(names = "--configurations", description = "Also print the configuration files.")
    private boolean withConfigurations;

    @Mixin
    private Terminal terminal = new Terminal();

    private record Tensor(String name, String type, List<Long> shape) {}

    /** {@code types} counts tensors; they themselves are null unless they were asked for. */
    private record Weights(
            String file,
            long bytes,
            int tensorCount,
            long values,
            Map<String, Integer> types,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            List<Tensor> tensors) {
        String typeNames() {
            return String.join(" ", types.keySet());
        }
    }

    private record Config(String file, JsonNode content) {}

    private record Result(List<Config> configurations, List<Weights> weights) {}

    @Override
    public void run() {
        List<Path> files = files();
        Result result = new Result(
                files.stream()
                        .filter(InspectCommand::isConfig)
                        .map(InspectCommand::config)
                        .toList(),
                files.stream()
                        .filter(file -> !isConfig(file))
                        .map(this::weights)
                        .toList());
        if (terminal.json()) {
            terminal.printJson(result);
            return;
        }
        summary(result);
        if (withConfigurations) {
            result.configurations.forEach(
                    config -> terminal.print("\n" + config.file + "\n" + config.content.toPrettyString()));
        }
        for (Weights weights : result.weights) {
            if (weights.tensors != null) {
                terminal.print("\n" + weights.file);
                weights.tensors.forEach(
                        tensor -> terminal.print("  %-60s %-5s %s".formatted(tensor.name, tensor.type, tensor.shape)));
            }
        }
        if (!withTensors && !result.weights.isEmpty()) {
            terminal.hint("--tensors lists the tensors.");
        }
    }

    /** A line per file, and one for all. */
    private void summary(Result result) {
        int width = Stream.concat(
                        result.configurations.stream().map(Config::file),
                        result.weights.stream().map(Weights::file))
                .mapToInt(file -> shortened(file).length())
                .max()
                .orElseThrow();
        for (Config config : result.configurations) {
            JsonNode type = config.content.path("model_type");
            terminal.print("%%-%ds  configuration%%s"
                    .formatted(width)
                    .formatted(shortened(config.file), type.isString() ? " of type " + type.asString() : ""));
        }
        long tensors = 0;
        long values = 0;
        long bytes = 0;
        for (Weights weights : result.weights) {
            terminal.print("%%-%ds  %%s"
                    .formatted(width)
                    .formatted(
                            shortened(weights.file),
                            counts(weights.tensorCount, weights.values, weights.typeNames(), weights.bytes)));
            tensors += weights.tensorCount;
            values += weights.values;
            bytes += weights.bytes;
        }
        if (result.weights.size() > 1) {
            terminal.print("%%-%ds  %%s".formatted(width).formatted("all", counts(tensors, values, "", bytes)));
        }
    }

    private static String counts(long tensors, long values, String types, long bytes) {
        return String.format(
                        Locale.ROOT,
                        "%13s %,15d values %10s  %s",
                        Quantity.of(tensors, "tensor"),
                        values,
                        ByteSize.text(bytes),
                        types)
                .stripTrailing();
    }

    /** A file as seen from the directory that was named. */
    private String shortened(String file) {
        Path relative = path.relativize(Path.of(file));
        return relative.toString().isEmpty() ? file : relative.toString();
    }

    private List<Path> files() {
        if (!Files.exists(path)) {
            throw new InputException(
                    "%s does not exist; give a .safetensors file or a model directory.".formatted(path));
        }
        try (Stream<Path> walk = Files.walk(path, DEPTH)) {
            List<Path> files = walk.filter(file -> Files.isRegularFile(file)
                            && (file.equals(path)
                                    || isConfig(file)
                                    || file.toString().endsWith(".safetensors")))
                    .sorted()
                    .toList();
            if (files.isEmpty()) {
                throw new InputException(
                        "%s holds no .safetensors file and no config.json; give the directory of a model."
                                .formatted(path));
            }
            return files;
        } catch (IOException e) {
            throw new InputException("%s cannot be read (%s).".formatted(path, e.getMessage()), e);
        }
    }

    private static boolean isConfig(Path file) {
        return List.of("config.json", "llm2clip.json", "caption.json")
                .contains(file.getFileName().toString());
    }

    private static Config config(Path file) {
        try {
            return new Config(file.toString(), Json.MAPPER.readTree(Files.readString(file)));
        } catch (JacksonException e) {
            throw new InputException(
                    "%s is not JSON: %s; fetch or save it again.".formatted(file, JsonFault.describe(e)), e);
        } catch (IOException e) {
            throw new InputException("%s cannot be read (%s).".formatted(file, e.getMessage()), e);
        }
    }

    private Weights weights(Path file) {
        try (Checkpoint source = Checkpoint.open(file)) {
            List<Tensor> tensors = new ArrayList<>();
            Map<String, Integer> types = new TreeMap<>();
            long values = 0;
            for (var entry : source.entries().entrySet()) {
                StoredTensor tensor = entry.getValue();
                tensors.add(new Tensor(entry.getKey(), tensor.type().name(), tensor.shape()));
                types.merge(tensor.type().name(), 1, Integer::sum);
                values += tensor.elements();
            }
            return new Weights(
                    file.toString(), Files.size(file), tensors.size(), values, types, withTensors ? tensors : null);
        } catch (IOException e) {
            throw new InputException("%s cannot be read (%s).".formatted(file, e.getMessage()), e);
        }
    }
}
