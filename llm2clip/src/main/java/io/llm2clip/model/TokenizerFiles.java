package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.TiktokenFile;
import io.llm2clip.text.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/** The tokenizer's files of a text encoder, complete enough for Hugging Face's {@code AutoTokenizer}. */
public final class TokenizerFiles implements TokenizerOrigin {
    private static final String TIKTOKEN = "tokenizer.model";
    private static final Map<String, String> LLAMA3_SETTINGS =
            Map.of("bos_token", "<|begin_of_text|>", "eos_token", "<|eot_id|>", "pad_token", "<|eot_id|>");
    private static final String CONFIG = "tokenizer_config.json";
    private static final List<String> COMPANIONS = List.of(CONFIG, "special_tokens_map.json");
    static final String CHAT_TEMPLATE = "chat_template";
    private static final String CHAT_TEMPLATE_FILE = "chat_template.jinja";

    /**
     * What a file of another format says.
     *
     * @param json as a tokenizer.json says it
     * @param settings of tokenizer_config.json
     */
    private record Made(String json, Map<String, String> settings) {}

    private final Path source;
    // Null where the source is a tokenizer.json itself.
    private final @Nullable Made made;

    private TokenizerFiles(Path source, @Nullable Made made) {
        this.source = source;
        this.made = made;
    }

    /** A directory's tokenizer: its tokenizer.json, or else, if it has that, its tokenizer.model of Llama 3. */
    static TokenizerFiles in(Path directory) {
        Path json = directory.resolve(TextFiles.TOKENIZER);
        Path tiktoken = directory.resolve(TIKTOKEN);
        return Files.exists(json) || !Files.isRegularFile(tiktoken)
                ? of(json)
                : made(tiktoken, TiktokenFile.read(tiktoken).toJson(), LLAMA3_SETTINGS);
    }

    /** A tokenizer.json, and what is beside it. */
    public static TokenizerFiles of(Path tokenizer) {
        return new TokenizerFiles(tokenizer, null);
    }

    /** What a directory's tokenizer makes conversations of, in Jinja; empty without one. */
    static String chatTemplate(Path directory) {
        Path alone = directory.resolve(CHAT_TEMPLATE_FILE);
        Path config = directory.resolve(CONFIG);
        if (Files.isRegularFile(alone)) {
            try {
                return Files.readString(alone);
            } catch (IOException e) {
                throw new CheckpointException(
                        "%s: expected a chat template, but it cannot be read (%s); fetch it again."
                                .formatted(alone, e.getMessage()),
                        e);
            }
        }
        // One for all purposes, or an object for each.
        JsonNode template = Files.isRegularFile(config)
                ? ConfigFile.read(config).root().path(CHAT_TEMPLATE)
                : MissingNode.getInstance();
        return template.isString() ? template.asString() : template.toString();
    }

    /**
     * The tokenizer of a file of another format.
     *
     * @param source that file
     * @param json the same as a tokenizer.json
     * @param settings names of special tokens and their spelling, and {@code chat_template}
     */
    static TokenizerFiles made(Path source, String json, Map<String, String> settings) {
        return new TokenizerFiles(source, new Made(json, settings));
    }

    /** @throws io.llm2clip.data.InputException if there is no usable tokenizer */
    Tokenizer open(SpecialTokens specialTokens) {
        return made == null
                ? Tokenizer.open(source, specialTokens)
                : Tokenizer.of(source, made.json.getBytes(StandardCharsets.UTF_8), specialTokens);
    }

    /** For messages. */
    Path source() {
        return source;
    }

    /** Writes tokenizer.json, unless it is there already, and its companions; companions that do not exist are made from it. */
    void write(Path directory, CaptionFormat format) throws IOException {
        Path copy = directory.resolve(TextFiles.TOKENIZER);
        if (made != null) {
            Files.writeString(copy, made.json);
        } else if (!Files.exists(copy) || !Files.isSameFile(source, copy)) {
            Files.copy(source, copy);
        }
        Path template = source.resolveSibling(CHAT_TEMPLATE_FILE);
        if (made == null && Files.isRegularFile(template)) {
            Files.copy(template, directory.resolve(CHAT_TEMPLATE_FILE));
        }
        Map<String, String> special = specialTokens(ConfigFile.read(copy).root(), format);
        for (String name : COMPANIONS) {
            Path companion = source.resolveSibling(name);
            if (made == null && Files.isRegularFile(companion)) {
                Files.copy(companion, directory.resolve(name));
            } else {
                ConfigFile.write(directory.resolve(name), companion(name, special, format));
            }
        }
    }

    private ObjectNode companion(String name, Map<String, String> special, CaptionFormat format) {
        Map<String, String> strings = new LinkedHashMap<>(special);
        if (made != null) {
            strings.putAll(made.settings);
        }
        if (!name.equals(CONFIG)) {
            strings.remove(CHAT_TEMPLATE);
        }
        ObjectNode json = ConfigFile.object();
        strings.forEach(json::put);
        if (name.equals(CONFIG)) {
            json.put("tokenizer_class", "PreTrainedTokenizerFast")
                    .put("model_max_length", format.maxLength())
                    .put("clean_up_tokenization_spaces", false);
        }
        return json;
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
