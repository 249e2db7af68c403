package io.llm2clip.model;

import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.Pooling;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How a text encoder wants captions cut and pooled, as llm2vec writes it beside weights or adapters: what its
 * {@code llm2vec_config.json} says, if there is one.
 *
 * @param pooling how states become a vector
 * @param maxLength tokens of the longest row
 * @param documentMaxLength tokens of the longest caption
 * @param skipInstruction whether only caption and end token are pooled
 */
record Llm2VecConfig(
        Optional<Pooling> pooling,
        Optional<Integer> maxLength,
        Optional<Integer> documentMaxLength,
        Optional<Boolean> skipInstruction) {
    private static final String FILE = "llm2vec_config.json";

    /** Nothing said. */
    static final Llm2VecConfig NONE =
            new Llm2VecConfig(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    /**
     * What the file of a directory says; nothing without one.
     *
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if it is damaged, or says what is not known
     */
    static Llm2VecConfig read(Path directory) {
        Path file = directory.resolve(FILE);
        if (!Files.exists(file)) {
            return NONE;
        }
        ConfigFile config = ConfigFile.read(file);
        return new Llm2VecConfig(
                given(config, "pooling_mode").map(key -> config.constant(key, Pooling.class)),
                given(config, "max_length").map(config::integer),
                given(config, "doc_max_length").map(config::integer),
                given(config, "skip_instruction").map(key -> config.truth(key, true)));
    }

    private static Optional<String> given(ConfigFile config, String key) {
        return config.has(key) ? Optional.of(key) : Optional.empty();
    }

    /** A format with what this says of lengths and pooled windows. */
    CaptionFormat over(CaptionFormat usual) {
        return new CaptionFormat(
                usual.template(),
                maxLength.orElse(usual.maxLength()),
                documentMaxLength.orElse(usual.documentMaxLength()),
                skipInstruction.orElse(usual.skipInstruction()),
                usual.specialTokens());
    }
}
