package io.llm2clip.model;

import io.llm2clip.hub.HubSnapshot;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which files of a published directory hold what. */
final class PublishedFiles {
    private static final List<String> SAFETENSORS = List.of("model.safetensors", "model.safetensors.index.json");
    private static final List<String> WEIGHTS = List.of(".safetensors", ".pt", ".pth", ".bin", ".index.json");

    private PublishedFiles() {}

    /**
     * Opens the weights of a directory, or a file of them. EVA-CLIP's and LLM2CLIP's authors publish a {@code .pt} named after the
     * model, and besides a {@code pytorch_model.bin} that was converted from it, is less exact, and lacks the adapter.
     *
     * @throws CheckpointException if there are none, or they are damaged
     */
    static Checkpoint open(Path path) {
        return Checkpoint.open(Files.isDirectory(path) ? original(path).orElse(path) : path);
    }

    /** Whether a directory holds weights, or should by its configuration. */
    static boolean isIn(Path directory) {
        return Files.isRegularFile(directory.resolve(ModelDirectory.CONFIG))
                || !list(directory, PublishedFiles::isWeights).isEmpty();
    }

    /** Other files of weights than one, by name. */
    static List<String> besides(Path file) {
        return list(file.toAbsolutePath().resolveSibling(""), PublishedFiles::isWeights).stream()
                .map(other -> String.valueOf(other.getFileName()))
                .filter(name -> !name.equals(String.valueOf(file.getFileName())))
                .toList();
    }

    /** The text encoder of a name beside a model, within its directory, or beside it in the Hub's cache. */
    static Optional<Path> textEncoder(Path model, String name) {
        Path absolute = model.toAbsolutePath().normalize();
        Path directory = Files.isDirectory(absolute) ? absolute : absolute.resolveSibling("");
        return Stream.concat(
                        Stream.of(directory.resolve(name), directory.resolveSibling(name)),
                        HubSnapshot.of(directory).stream().flatMap(snapshot -> snapshot.named(name).stream()))
                .filter(Files::isDirectory)
                .findFirst();
    }

    /**
     * The directory of low-rank updates of a text encoder, as PEFT saves them, that a model comes with: its own, or one within.
     *
     * @throws CheckpointException if there are several, of which nothing says which
     */
    static Optional<Path> updates(Path model) {
        Path directory =
                Files.isDirectory(model) ? model : model.toAbsolutePath().resolveSibling("");
        if (AdaptedText.isIn(directory)) {
            return Optional.of(directory);
        }
        List<Path> within = list(directory, AdaptedText::isIn);
        if (within.size() > 1) {
            throw new CheckpointException(
                    "%s: expected at most one adapter of a text encoder within, found %d: %s; give the one that the model was trained with by --text-encoder."
                            .formatted(
                                    directory,
                                    within.size(),
                                    within.stream()
                                            .map(each -> String.valueOf(each.getFileName()))
                                            .collect(Collectors.joining(", "))));
        }
        return within.stream().findFirst();
    }

    private static Optional<Path> original(Path directory) {
        if (SAFETENSORS.stream().anyMatch(name -> Files.exists(directory.resolve(name)))) {
            return Optional.empty();
        }
        List<Path> originals = list(directory, file -> {
            String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
            return name.contains("clip") && name.endsWith(".pt");
        });
        return originals.size() == 1 ? Optional.of(originals.getFirst()) : Optional.empty();
    }

    private static boolean isWeights(Path file) {
        return Files.isRegularFile(file) && WEIGHTS.stream().anyMatch(file.toString()::endsWith);
    }

    private static List<Path> list(Path directory, Predicate<Path> wanted) {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> Objects.nonNull(file.getFileName()))
                    .filter(wanted)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new CheckpointException(
                    "%s: cannot be read (%s); check its permissions.".formatted(directory, e.getMessage()), e);
        }
    }
}
