package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A model as LLM2CLIP's authors publish it: vision tower, adapter and {@code logit_scale} in one file of weights, and the text encoder in
 * a repository of its own. Nothing says how they are used, which is the same for all: a text encoder without causal mask, and pictures as the tower's kind takes them, never turned by their EXIF orientation.
 *
 * @param path what was opened
 * @param vision its file of weights, which holds the adapter as well
 * @param text directory or GGUF file of the text encoder
 * @param captions how that takes captions
 * @param specialTokens how special tokens in captions are taken
 */
record PublishedModel(
        Path path,
        Path vision,
        TextAdapter.Config adapterConfig,
        Path text,
        CaptionSettings captions,
        SpecialTokens specialTokens)
        implements LanguageModelSource {

    /** Whether a directory is of this kind rather than of the one that training writes, complete or not. */
    static boolean looksLike(Path directory) {
        return Files.isDirectory(directory)
                && !Files.exists(directory.resolve(ModelDirectory.DESCRIPTION))
                && !Files.exists(directory.resolve(ModelDirectory.ADAPTER))
                && PublishedFiles.isIn(directory);
    }

    /**
     * Finds out what a file of weights, or a directory of one, is: such a model, or where there is no adapter, a dual encoder.
     *
     * @throws CheckpointException if a part is missing or damaged, or the text encoder is not the one of this model
     */
    static ModelSource find(Path path, ModelOptions options) {
        TextAdapter.Config adapter;
        Path weights;
        try (Checkpoint source = PublishedFiles.open(path)) {
            weights = source.source();
            if (!AdapterFiles.isIn(source)) {
                if (DualEncoder.isIn(source.entries().keySet())) {
                    return DualEncoder.find(path, source, options);
                }
                refusePartOfSaved(path);
                throw withoutAdapter(source);
            }
            if (source.entries().keySet().stream().noneMatch(CheckpointPart.VISION::isPartOf)) {
                refusePartOfSaved(path);
                throw new CheckpointException(
                        "%s: expected a model with its vision tower, found the adapter alone; give the directory or file of the whole model."
                                .formatted(weights));
            }
            adapter = AdapterFiles.config(source, options.normalizeCaptions());
        }
        Path given = options.textEncoder().orElseGet(() -> require(path, adapter.captionSize()));
        PublishedPair.require(path, given);
        try (TextSource encoder = TextSource.open(given)) {
            requireSize(path, adapter, given, encoder.config());
            CaptionSettings captions = encoder.captions();
            SpecialTokens specialTokens = options.specialTokens().orElseGet(captions::specialTokens);
            return new PublishedModel(path, weights, adapter, given, captions, specialTokens);
        }
    }

    @Override
    public Path adapter() {
        return vision;
    }

    @Override
    public CaptionReading reading(Tokenizer tokenizer) {
        return captions.reading(tokenizer);
    }

    @Override
    public ModelDescription description(VisionConfig vision) {
        return new ModelDescription(vision.preprocessing(), false, 0, Map.of());
    }

    /**
     * The text encoder that a model was trained with: low-rank updates in the model's own directory, whose base they name, or else what
     * lies beside it under its published name.
     *
     * @throws CheckpointException if there are several
     */
    static Optional<Path> textEncoder(Path path, int captionSize) {
        return PublishedFiles.updates(path)
                .or(() -> PublishedPair.encoders(path, captionSize).stream()
                        .flatMap(name -> PublishedFiles.textEncoder(path, name).stream())
                        .findFirst());
    }

    private static Path require(Path path, int captionSize) {
        return textEncoder(path, captionSize).orElseThrow(() -> {
            List<String> names = PublishedPair.encoders(path, captionSize);
            return new CheckpointException(
                    "%s: expected the text encoder that this model was trained with, %s, beside it, found none; fetch it with 'llm2clip pull', or give its directory with --text-encoder."
                            .formatted(path, names.isEmpty() ? ofSize(captionSize) : String.join(" or ", names)));
        });
    }

    private static void requireSize(Path path, TextAdapter.Config adapter, Path encoder, LlamaConfig config) {
        if (config.hiddenSize() != adapter.captionSize()) {
            List<String> names = PublishedPair.encoders(path, adapter.captionSize());
            throw new CheckpointException(
                    "%s: its adapter expects caption vectors of %d channels, the text encoder %s gives %d; give the one that this model was trained with, %s."
                            .formatted(
                                    path,
                                    adapter.captionSize(),
                                    encoder,
                                    config.hiddenSize(),
                                    names.isEmpty() ? ofSize(adapter.captionSize()) : String.join(" or ", names)));
        }
    }

    private static String ofSize(int captionSize) {
        return "one of hidden size " + captionSize;
    }

    /** A part of a model that training wrote, such as its vision tower, is no model. */
    private static void refusePartOfSaved(Path path) {
        if (SavedModel.near(path).isPresent()) {
            SavedModel.requireParts(path);
        }
    }

    private static CheckpointException withoutAdapter(Checkpoint source) {
        Set<String> tensors = source.entries().keySet();
        String found;
        String remedy;
        if (VisionLayout.find(tensors).isPresent()) {
            boolean text = tensors.stream().anyMatch(CheckpointPart.TEXT::isPartOf);
            found = text ? "a vision tower and parts of a text tower" : "a vision tower alone";
            remedy = "fetch the whole model, or train an adapter for this tower with 'train clip --vision'";
        } else if (TextLayout.find(tensors).isPresent()) {
            found = "a text tower alone";
            remedy = "fetch the whole model, with its vision tower";
        } else if (tensors.stream().anyMatch(name -> name.endsWith("embed_tokens.weight"))) {
            found = "a language model";
            remedy = "give it as the text encoder of a model, with --text-encoder";
        } else {
            found = tensors.size() + " tensors of another model"
                    + tensors.stream()
                            .findFirst()
                            .map(" (such as '%s')"::formatted)
                            .orElse("");
            remedy = "give the directory or file of an LLM2CLIP model";
        }
        List<String> others = PublishedFiles.besides(source.source());
        if (!others.isEmpty()) {
            remedy = "if it is in %s beside it, give that file".formatted(String.join(" or ", others));
        }
        return new CheckpointException(
                "%s: expected a model with LLM2CLIP's adapter, under the names 'text_adapter.adaptor.*' or 'text.text_adaptor.*', or one with a vision tower and a text tower of its own, such as a CLIP, found %s; %s."
                        .formatted(source.source(), found, remedy));
    }
}
