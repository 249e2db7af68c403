package io.llm2clip.model;

import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.ChatTemplate;
import io.llm2clip.text.Pooling;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/** The files of a text encoder, alone or within a model. */
final class TextFiles {
    static final String TOKENIZER = "tokenizer.json";
    static final String CAPTION = "caption.json";
    private static final String SPECIAL_TOKENS = "special_tokens";
    private static final String POOLING = "pooling";

    private TextFiles() {}

    /** Writes all files; the language head is left out, as in the published encoders. */
    static void write(
            Path directory,
            Llama llama,
            CaptionSettings.Saved captions,
            Map<String, String> provenance,
            TokenizerFiles tokenizer)
            throws IOException {
        if (!llama.loraParameters().isEmpty()) {
            throw new IllegalArgumentException(
                    "The text encoder has low-rank updates that are not merged; call mergeLora() first.");
        }
        Files.createDirectories(directory);
        llama.config().write(directory.resolve(ModelDirectory.CONFIG), ParameterFiles.type(saved(llama)));
        ParameterFiles.save(
                saved(llama), llama.config().family().stored(""), directory.resolve(ModelDirectory.WEIGHTS), Map.of());
        tokenizer.write(directory, captions.format());
        ObjectNode caption = ConfigFile.object();
        writeFormat(caption, captions.format());
        caption.put(POOLING, ConfigFile.nameOf(captions.pooling()));
        ConfigFile.writeNotes(caption, provenance);
        ConfigFile.write(directory.resolve(CAPTION), caption);
    }

    /** The bytes of the weights that are written. */
    static long bytes(Llama llama) {
        return ParameterFiles.bytes(saved(llama));
    }

    private static List<Parameter> saved(Llama llama) {
        return llama.parameters().stream()
                .filter(parameter -> !parameter.name().equals("lm_head.weight"))
                .toList();
    }

    /** Reads weights whose names may be those of the bare model or of the language model around it. */
    static void load(Llama llama, Path directory) {
        try (Checkpoint source = Checkpoint.open(directory)) {
            boolean wrapped = source.entries().keySet().stream().anyMatch(name -> name.startsWith("model."));
            ParameterFiles.load(
                    llama.parameters(),
                    source,
                    llama.config().family().stored(wrapped ? "model." : ""),
                    Map.of(),
                    CheckpointPart.LANGUAGE_MODEL::leavesOver);
        }
    }

    /** The tokenizer, whose tokens the encoder must have embeddings for. */
    static Tokenizer tokenizer(TokenizerFiles files, LlamaConfig config, SpecialTokens specialTokens) {
        Tokenizer tokenizer = files.open(specialTokens);
        if (tokenizer.vocabularySize() > config.vocabularySize()) {
            String message =
                    "%s: the tokenizer has %d tokens, the text encoder embeds %d; use the tokenizer it was trained with."
                            .formatted(files.source(), tokenizer.vocabularySize(), config.vocabularySize());
            tokenizer.close();
            throw new CheckpointException(message);
        }
        return tokenizer;
    }

    /** What caption.json says, if there is one; before it said how to pool, it was the mean. */
    static Optional<CaptionSettings.Saved> savedCaptions(Path directory) {
        Path file = directory.resolve(CAPTION);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        ConfigFile caption = ConfigFile.read(file);
        return Optional.of(new CaptionSettings.Saved(
                readFormat(caption), caption.has(POOLING) ? caption.constant(POOLING, Pooling.class) : Pooling.MEAN));
    }

    /** The notes of caption.json; empty without one. */
    static Map<String, String> provenance(Path directory) {
        Path file = directory.resolve(CAPTION);
        return Files.isRegularFile(file) ? ConfigFile.read(file).notes() : Map.of();
    }

    static CaptionFormat readFormat(ConfigFile caption) {
        ConfigFile template = caption.within("template");
        return new CaptionFormat(
                new ChatTemplate(template.string("prefix"), template.string("suffix"), template.truth("strip", true)),
                caption.integer("max_length"),
                caption.integer("document_max_length"),
                caption.truth("skip_instruction", true),
                caption.has(SPECIAL_TOKENS)
                        ? caption.constant(SPECIAL_TOKENS, SpecialTokens.class)
                        : SpecialTokens.AS_TEXT);
    }

    static void writeFormat(ObjectNode caption, CaptionFormat format) {
        caption.putObject("template")
                .put("prefix", format.template().prefix())
                .put("suffix", format.template().suffix())
                .put("strip", format.template().strip());
        caption.put("max_length", format.maxLength())
                .put("document_max_length", format.documentMaxLength())
                .put("skip_instruction", format.skipInstruction())
                .put(SPECIAL_TOKENS, ConfigFile.nameOf(format.specialTokens()));
    }
}
