package io.llm2clip.model;

import io.llm2clip.hub.HubName;
import io.llm2clip.hub.HubPath;
import io.llm2clip.hub.HubSnapshot;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The language model that an adapter changes: where it is, and what it is called. */
final class BaseModel {
    private static final List<String> WEIGHTS = List.of(
            "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json");

    private BaseModel() {}

    /**
     * Finds the base of an adapter: in the adapter's own directory, under the path that it names, beside it, or in the Hub's cache.
     *
     * @throws CheckpointException if there is none
     */
    static Path find(Path adapter, LoraConfig config) {
        if (hasLanguageModel(adapter)) {
            return adapter;
        }
        return config.base()
                .flatMap(name -> named(adapter, name))
                .orElseThrow(() -> new CheckpointException(
                        "%s: expected the base model that the adapter changes, %s, under that path, beside the adapter or in the Hub's cache, found none; fetch it%s, or join the two with 'llm2clip convert BASE OUT --adapter %s'."
                                .formatted(
                                        adapter,
                                        config.base()
                                                .map("'%s'"::formatted)
                                                .orElse("which its configuration does not name"),
                                        config.base()
                                                .filter(HubName::isName)
                                                .map(" with 'llm2clip pull %s'"::formatted)
                                                .orElse(""),
                                        adapter)));
    }

    /**
     * The same of an adapter of a vision tower.
     *
     * @throws CheckpointException if there is none
     */
    static Path findVision(Path adapter, LoraConfig config) {
        return config.base()
                .flatMap(name -> named(adapter, name))
                .orElseThrow(() -> new CheckpointException(
                        "%s: expected the vision tower that the adapter changes, %s, under that path, beside the adapter or in the Hub's cache, found none; fetch it."
                                .formatted(
                                        adapter,
                                        config.base()
                                                .map("'%s'"::formatted)
                                                .orElse("which its configuration does not name"))));
    }

    /** What an adapter calls a base: its name on the Hub, if it lies in the Hub's cache, else where it is. */
    static String name(Path base) {
        return HubSnapshot.of(base)
                .flatMap(cached -> cached.owner().map(owner -> owner + "/" + cached.name()))
                .orElseGet(() -> base.toAbsolutePath().normalize().toString());
    }

    /** Adapters are saved beside the model that they are for, and LLM2CLIP's beside its vision tower, which is no such. */
    private static boolean hasLanguageModel(Path directory) {
        if (WEIGHTS.stream().noneMatch(name -> Files.exists(directory.resolve(name)))) {
            return false;
        }
        try (Checkpoint source = Checkpoint.open(directory)) {
            return source.entries().keySet().stream().anyMatch(name -> name.endsWith("embed_tokens.weight"));
        }
    }

    private static Optional<Path> named(Path adapter, String name) {
        Path path;
        try {
            path = Path.of(name);
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
        if (path.toString().isEmpty() || path.getFileName() == null) {
            return Optional.empty();
        }
        Path absolute = adapter.toAbsolutePath().normalize();
        Path last = path.getFileName();
        return Stream.of(path, absolute.resolve(path), absolute.resolveSibling(path))
                .filter(Files::exists)
                .findFirst()
                .or(() -> PublishedFiles.textEncoder(absolute, last.toString()))
                // An adapter may lie within the model that it was made for.
                .or(() -> PublishedFiles.textEncoder(absolute.resolveSibling(""), last.toString()))
                .or(() -> HubPath.cached(name))
                // The adapter itself is what an adapter of the same name lies in.
                .filter(found -> !found.toAbsolutePath().normalize().equals(absolute));
    }
}
