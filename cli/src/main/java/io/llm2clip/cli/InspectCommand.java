package io.llm2clip.cli;

import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.JsonFault;
import io.llm2clip.nn.checkpoint.Safetensors;
import io.llm2clip.nn.checkpoint.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** {@code llm2clip inspect}. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        description = "Show the tensors of safetensors files, and the configuration of model directories.")
final class InspectCommand implements Runnable {
    private static final int DEPTH = 2;

    @Parameters(paramLabel = "FILE|DIR", description = "A .safetensors file or a directory of a model.")
    private Path path = Path.of("");

    @Mixin
    private Terminal terminal = new Terminal();

    private record Tensor(String name, String type, List<Long> shape) {}

    private record Weights(String file, List<Tensor> tensors, long values) {}

    private record Config(String file, JsonNode content) {}

    private record Result(List<Config> configurations, List<Weights> weights) {}

    @Override
    public void run() {
        List<Path> files = files();
        Result result = new Result(
                files.stream()
                        .filter(file -> isConfig(file))
                        .map(InspectCommand::config)
                        .toList(),
                files.stream()
                        .filter(file -> !isConfig(file))
                        .map(InspectCommand::weights)
                        .toList());
        if (terminal.json()) {
            terminal.printJson(result);
            return;
        }
        for (Config config : result.configurations) {
            terminal.print(config.file + "\n" + config.content.toPrettyString());
        }
        for (Weights weights : result.weights) {
            terminal.print(weights.file);
            for (Tensor tensor : weights.tensors) {
                terminal.print("  %-60s %-5s %s".formatted(tensor.name, tensor.type, tensor.shape));
            }
            terminal.print(
                    String.format(Locale.ROOT, "  %d tensors, %,d values", weights.tensors.size(), weights.values));
        }
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
            return new Config(file.toString(), Terminal.JSON.readTree(Files.readString(file)));
        } catch (JacksonException e) {
            throw new InputException(
                    "%s is not JSON: %s; fetch or save it again.".formatted(file, JsonFault.describe(e)), e);
        } catch (IOException e) {
            throw new InputException("%s cannot be read (%s).".formatted(file, e.getMessage()), e);
        }
    }

    private static Weights weights(Path file) {
        try (Safetensors source = Safetensors.open(file)) {
            List<Tensor> tensors = new ArrayList<>();
            long values = 0;
            for (var entry : source.entries().entrySet()) {
                StoredTensor tensor = entry.getValue();
                tensors.add(new Tensor(entry.getKey(), tensor.type().name(), tensor.shape()));
                values += tensor.elements();
            }
            return new Weights(file.toString(), tensors, values);
        }
    }
}
