package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A directory that {@link ModelDirectory} wrote, whose {@code llm2clip.json} says everything.
 *
 * @param path of the directory
 * @param saved of llm2clip.json
 * @param reading of the same file, but for what the caller decides
 * @param adapterConfig of the same file, but for what the caller decides
 */
record SavedModel(Path path, ModelDescription saved, CaptionReading reading, TextAdapter.Config adapterConfig)
        implements LanguageModelSource {

    /** @throws CheckpointException if a part is missing, or options are of no use for such a directory */
    static SavedModel find(Path directory, ModelOptions options) {
        requireParts(directory);
        options.textEncoder().ifPresent(encoder -> {
            throw new CheckpointException(
                    "%s: a model with a text encoder of its own, in %s; leave out the text encoder %s, which is for published models that come without."
                            .formatted(directory, ModelDirectory.TEXT, encoder));
        });
        Path file = directory.resolve(ModelDirectory.DESCRIPTION);
        ModelDescription description = ModelDescription.read(file);
        CaptionReading reading = ModelDescription.reading(file);
        TextAdapter.Config adapter = ModelDescription.adapter(file);
        return new SavedModel(
                directory,
                description,
                options.specialTokens().map(reading::with).orElse(reading),
                options.normalizeCaptions().map(adapter::withNormalizedInput).orElse(adapter));
    }

    @Override
    public Path text() {
        return path.resolve(ModelDirectory.TEXT);
    }

    @Override
    public Path vision() {
        return path.resolve(ModelDirectory.VISION);
    }

    @Override
    public Path adapter() {
        return path.resolve(ModelDirectory.ADAPTER);
    }

    @Override
    public SpecialTokens specialTokens() {
        return reading.format().specialTokens();
    }

    @Override
    public CaptionReading reading(Tokenizer tokenizer) {
        return reading;
    }

    @Override
    public ModelDescription description(VisionConfig vision) {
        return saved;
    }

    /** @throws CheckpointException if not all files are there, which names the model where a part of it was given */
    static void requireParts(Path directory) {
        List<String> missing = new ArrayList<>();
        for (String part : List.of(
                ModelDirectory.DESCRIPTION,
                ModelDirectory.ADAPTER,
                ModelDirectory.TEXT + "/" + ModelDirectory.CONFIG,
                ModelDirectory.TEXT + "/" + TextFiles.TOKENIZER,
                ModelDirectory.VISION + "/" + ModelDirectory.CONFIG)) {
            if (!Files.isRegularFile(directory.resolve(part))) {
                missing.add(part);
            }
        }
        if (!missing.isEmpty()) {
            throw new CheckpointException("%s: expected a trained model, but %s missing; %s"
                    .formatted(
                            directory,
                            String.join(", ", missing) + (missing.size() == 1 ? " is" : " are"),
                            near(directory)
                                    .map("did you mean %s?"::formatted)
                                    .orElse("give the directory that training wrote, or a published LLM2CLIP model.")));
        }
    }

    /** A whole model where a part of it, a file of a part, or what it lies in, was given. */
    static Optional<Path> near(Path path) {
        Path above = path.toAbsolutePath().normalize().resolveSibling("");
        return Stream.of(path.resolve("model"), above, above.resolveSibling(""))
                .filter(candidate -> Files.isRegularFile(candidate.resolve(ModelDirectory.DESCRIPTION)))
                .findFirst();
    }
}
