package io.llm2clip.model;

import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.TensorContent;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.ChatTemplate;
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

    private TextFiles() {}

    /** Writes all files; the language head is left out, as in the published encoders, and low-rank updates are added to their weights. */
    static void write(
            Path directory,
            Llama llama,
            CaptionReading captions,
            Map<String, String> provenance,
            TokenizerFiles tokenizer,
            Saving saving)
            throws IOException {
        Files.createDirectories(directory);
        Map<String, TensorContent> contents = contents(llama, saving);
        LlamaConfig config = llama.config();
        BidirectionalCode.write(
                directory, config.family(), LlamaConfigFile.json(config, ParameterFiles.type(contents)));
        ParameterFiles.save(contents, directory, ModelDirectory.WEIGHTS_STEM, saving);
        writeCaptions(directory, captions, provenance, tokenizer);
    }

    /** Writes what turns captions into token rows. */
    static void writeCaptions(
            Path directory, CaptionReading captions, Map<String, String> provenance, TokenizerFiles tokenizer)
            throws IOException {
        tokenizer.write(directory, captions.format());
        ObjectNode caption = ConfigFile.object();
        captions.write(caption);
        ConfigFile.writeNotes(caption, provenance);
        ConfigFile.write(directory.resolve(CAPTION), caption);
    }

    /** The weights that are written. */
    static Map<String, TensorContent> contents(Llama llama, Saving saving) {
        List<Parameter> parameters = llama.parameters().stream()
                .filter(parameter -> !parameter.name().equals(Llama.HEAD))
                .toList();
        return ParameterFiles.contents(parameters, llama.config().family().stored(""), llama.updates(), saving);
    }

    /** Reads weights whose names may be those of the bare model or of the language model around it. */
    static void load(Llama llama, Path directory) {
        try (Checkpoint source = Checkpoint.open(directory)) {
            boolean wrapped = source.entries().keySet().stream().anyMatch(name -> name.startsWith("model."));
            requireHead(llama, source);
            ParameterFiles.load(
                    llama.parameters(),
                    source,
                    llama.config().family().stored(wrapped ? "model." : ""),
                    Map.of(),
                    CheckpointPart.LANGUAGE_MODEL::leavesOver);
        }
    }

    /** Encoders are saved without a head, so that one is not to be had of them. */
    private static void requireHead(Llama llama, Checkpoint source) {
        boolean untied = llama.parameters().stream()
                .anyMatch(parameter -> parameter.name().equals(Llama.HEAD));
        if (untied && !source.entries().containsKey(Llama.HEAD)) {
            throw new CheckpointException(
                    "%s: expected a language model with its head ('%s'), found one without, as every text encoder that a training saved is; give the language model that it began with."
                            .formatted(source.source(), Llama.HEAD));
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
    static Optional<CaptionReading> savedCaptions(Path directory) {
        Path file = directory.resolve(CAPTION);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        ConfigFile caption = ConfigFile.read(file);
        return Optional.of(
                caption.has(CaptionReading.POOLING)
                        ? CaptionReading.read(caption)
                        : CaptionReading.of(readFormat(caption)));
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
