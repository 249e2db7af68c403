package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.Pooling;
import io.llm2clip.text.SpecialTokens;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.node.ObjectNode;

/**
 * How the parts of a trained model fit together: what their own configurations do not say.
 *
 * @param captionFormat from a caption to its token row
 * @param pooling from hidden states to the caption vector
 * @param causal whether the text encoder keeps its causal mask; LLM2CLIP's does not
 * @param preprocessing from an image to pixels
 * @param exifOrientation whether pictures are turned upright as their EXIF orientation says
 * @param seed of the training
 * @param provenance free-form notes, such as when and from what the model was made; those whose names begin with
 *     {@link #TEXT_NOTES} are the text encoder's and are also saved with it
 */
public record ModelDescription(
        CaptionFormat captionFormat,
        Pooling pooling,
        boolean causal,
        PreprocessingPreset preprocessing,
        boolean exifOrientation,
        long seed,
        Map<String, String> provenance) {
    /** Begins the names of the text encoder's own notes. */
    public static final String TEXT_NOTES = "text.";

    private static final int FORMAT_VERSION = 1;

    public ModelDescription {
        provenance = Map.copyOf(provenance);
    }

    /** The same with special tokens in captions taken so. */
    ModelDescription with(SpecialTokens specialTokens) {
        return new ModelDescription(
                captionFormat.with(specialTokens), pooling, causal, preprocessing, exifOrientation, seed, provenance);
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
        ConfigFile caption = config.within("caption");
        return new ModelDescription(
                TextFiles.readFormat(caption),
                caption.constant("pooling", Pooling.class),
                caption.truth("causal", false),
                config.constant("preprocessing", PreprocessingPreset.class),
                config.truth("exif_orientation", true),
                config.wholeNumber("seed"),
                config.notes());
    }

    void write(Path file, Llm2ClipModel model) {
        ObjectNode json = ConfigFile.object().put("format_version", FORMAT_VERSION);
        ObjectNode caption = json.putObject("caption");
        TextFiles.writeFormat(caption, captionFormat);
        caption.put("pooling", ConfigFile.nameOf(pooling)).put("causal", causal);
        json.putObject("adapter")
                .put("caption_size", model.adapter().config().captionSize())
                .put("embedding_size", model.adapter().config().embeddingSize())
                .put("normalize_input", model.adapter().config().normalizeInput());
        json.put("vision", ConfigFile.nameOf(model.vision().config().architecture()));
        json.put("preprocessing", ConfigFile.nameOf(preprocessing));
        json.put("exif_orientation", exifOrientation);
        json.put("seed", seed);
        ConfigFile.writeNotes(json, provenance);
        ConfigFile.write(file, json);
    }

    /** Sizes and switch of the adapter, from the same file. */
    static TextAdapter.Config adapter(Path file) {
        ConfigFile adapter = ConfigFile.read(file).within("adapter");
        return new TextAdapter.Config(
                adapter.integer("caption_size"),
                adapter.integer("embedding_size"),
                adapter.truth("normalize_input", true));
    }
}
