package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.node.ObjectNode;

/**
 * How a trained model was made and takes images: what the configurations of its parts do not say.
 *
 * @param preprocessing from an image to pixels
 * @param exifOrientation whether pictures are turned upright as their EXIF orientation says
 * @param seed of the training
 * @param provenance free-form notes, such as when and from what the model was made; those whose names begin with
 *     {@link #TEXT_NOTES} are the text encoder's and are also saved with it
 */
public record ModelDescription(
        PreprocessingPreset preprocessing, boolean exifOrientation, long seed, Map<String, String> provenance) {
    /** Begins the names of the text encoder's own notes. */
    public static final String TEXT_NOTES = "text.";

    private static final int FORMAT_VERSION = 1;

    public ModelDescription {
        provenance = Map.copyOf(provenance);
    }

    /** The text encoder's notes, under its own names. */
    Map<String, String> textNotes() {
        Map<String, String> notes = new TreeMap<>();
        provenance.forEach((name, note) -> {
            if (name.startsWith(TEXT_NOTES)) {
                notes.put(name.substring(TEXT_NOTES.length()), note);
            }
        });
        return notes;
    }

    static ModelDescription read(Path file) {
        ConfigFile config = ConfigFile.read(file);
        int version = config.integer("format_version");
        if (version > FORMAT_VERSION) {
            throw new CheckpointException(
                    "%s: expected a model of format version %d, found %d; use a newer release of llm2clip."
                            .formatted(file, FORMAT_VERSION, version));
        }
        return new ModelDescription(
                config.constant("preprocessing", PreprocessingPreset.class),
                config.truth("exif_orientation", true),
                config.wholeNumber("seed"),
                config.notes());
    }

    void write(Path file, Llm2ClipModel model) {
        ObjectNode json = ConfigFile.object().put("format_version", FORMAT_VERSION);
        LanguageBranch text = model.language();
        text.reading().write(json.putObject("caption"));
        json.putObject("adapter")
                .put("caption_size", text.adapter().config().captionSize())
                .put("embedding_size", text.adapter().config().embeddingSize())
                .put("normalize_input", text.adapter().config().normalizeInput());
        json.put("vision", ConfigFile.nameOf(model.vision().config().architecture()));
        json.put("preprocessing", ConfigFile.nameOf(preprocessing));
        json.put("exif_orientation", exifOrientation);
        json.put("seed", seed);
        ConfigFile.writeNotes(json, provenance);
        ConfigFile.write(file, json);
    }

    /** How the language model reads captions, from the same file. */
    static CaptionReading reading(Path file) {
        return CaptionReading.read(ConfigFile.read(file).within("caption"));
    }

    /** Sizes and switch of the adapter, from the same file. */
    static TextAdapter.Config adapter(Path file) {
        ConfigFile adapter = ConfigFile.read(file).within("adapter");
        return Described.network(
                file,
                () -> new TextAdapter.Config(
                        adapter.integer("caption_size"),
                        adapter.integer("embedding_size"),
                        adapter.truth("normalize_input", true)));
    }
}
