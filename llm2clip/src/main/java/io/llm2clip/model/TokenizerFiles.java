package io.llm2clip.model;

import io.llm2clip.text.CaptionFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The tokenizer's files of a text encoder, complete enough for Hugging Face's {@code AutoTokenizer}. */
final class TokenizerFiles {
    private static final String TOKENIZER = "tokenizer.json";
    private static final List<String> COMPANIONS = List.of("tokenizer_config.json", "special_tokens_map.json");

    private TokenizerFiles() {}

    /** Copies tokenizer.json, unless it is there already, and its companions; companions that do not exist are made from it. */
    static void copy(Path tokenizer, Path directory, CaptionFormat format) throws IOException {
        Path copy = directory.resolve(TOKENIZER);
        if (!Files.exists(copy) || !Files.isSameFile(tokenizer, copy)) {
            Files.copy(tokenizer, copy);
        }
        Map<String, String> special = specialTokens(ConfigFile.read(tokenizer).root(), format);
        for (String name : COMPANIONS) {
            Path source = tokenizer.resolveSibling(name);
            if (Files.isRegularFile(source)) {
                Files.copy(source, directory.resolve(name));
            } else {
                ObjectNode json = ConfigFile.object();
                special.forEach(json::put);
                if (name.equals("tokenizer_config.json")) {
                    json.put("tokenizer_class", "PreTrainedTokenizerFast")
                            .put("model_max_length", format.maxLength())
                            .put("clean_up_tokenization_spaces", false);
                }
                ConfigFile.write(directory.resolve(name), json);
            }
        }
    }

    /** The begin token that tokenizer.json adds itself, the end token of the caption format, and a pad token. */
    private static Map<String, String> specialTokens(JsonNode tokenizer, CaptionFormat format) {
        List<String> added = StreamSupport.stream(tokenizer.path("added_tokens").spliterator(), false)
                .map(token -> token.path("content").asString(""))
                .toList();
        Map<String, String> special = new LinkedHashMap<>();
        tokenizer
                .path("post_processor")
                .path("special_tokens")
                .propertyStream()
                .findFirst()
                .ifPresent(begin -> special.put("bos_token", begin.getKey()));
        String end = format.template().suffix();
        if (added.contains(end)) {
            special.put("eos_token", end);
            special.put("pad_token", added.contains("<pad>") ? "<pad>" : end);
        }
        return special;
    }
}
