package io.llm2clip.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.llm2clip.data.InputException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A Hugging Face tokenizer read from {@code tokenizer.json}. Works offline, never truncates and never pads. Special
 * tokens written out in a text are recognised as such, as in the reference. Safe for use by several threads.
 */
public final class Tokenizer implements AutoCloseable {
    private static final String VERBOSITY = "slf4j.internal.verbosity";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final HuggingFaceTokenizer delegate;
    private final Map<String, Integer> idOf;
    private final int vocabularySize;

    private Tokenizer(HuggingFaceTokenizer delegate, Map<String, Integer> idOf) {
        this.delegate = delegate;
        this.idOf = idOf;
        this.vocabularySize =
                1 + idOf.values().stream().mapToInt(Integer::intValue).max().orElse(-1);
    }

    /**
     * Opens {@code tokenizer.json}, or the file of that name in a model folder.
     *
     * @throws InputException when the file is missing, is not JSON or is not a tokenizer
     */
    public static Tokenizer open(Path path) {
        Path file = Files.isDirectory(path) ? path.resolve("tokenizer.json") : path;
        if (!Files.isRegularFile(file)) {
            throw new InputException("The tokenizer " + file
                    + " does not exist; give a Hugging Face tokenizer.json or a folder that holds one.");
        }
        try {
            byte[] content = Files.readAllBytes(file);
            Map<String, Integer> idOf = vocabulary(file, JSON.readTree(content));
            return new Tokenizer(load(content), idOf);
        } catch (JacksonException e) {
            throw new InputException(
                    "The tokenizer %s is not valid JSON (%s)."
                            .formatted(
                                    file,
                                    e.getOriginalMessage().lines().findFirst().orElse("")),
                    e);
        } catch (IOException e) {
            throw new InputException("The tokenizer " + file + " cannot be read (" + e.getMessage() + ").", e);
        } catch (InputException e) {
            throw e;
        } catch (RuntimeException e) {
            // The native library reports every defect of the file as a bare RuntimeException.
            throw new InputException(
                    "The tokenizer " + file + " is not a usable Hugging Face tokenizer (" + e.getMessage() + ").", e);
        }
    }

    /**
     * Token ids of {@code text}.
     *
     * @param special whether the tokenizer's own begin and end tokens are added
     */
    public int[] encode(String text, boolean special) {
        // Below the library's own encode method, which also copies a string and a character span for every token.
        long encoding = TokenizersLibrary.LIB.encode(delegate.getHandle(), text, special);
        try {
            long[] ids = TokenizersLibrary.LIB.getTokenIds(encoding);
            return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
        } finally {
            TokenizersLibrary.LIB.deleteEncoding(encoding);
        }
    }

    /** The text of {@code ids}, special tokens left out. */
    public String decode(int... ids) {
        for (int id : ids) {
            if (id < 0 || id >= vocabularySize) {
                throw new IllegalArgumentException(
                        "Token id %d is outside the vocabulary of %d tokens.".formatted(id, vocabularySize));
            }
        }
        return delegate.decode(Arrays.stream(ids).asLongStream().toArray(), true);
    }

    /** The id of a token as spelled in the vocabulary, special tokens included; empty when there is none. */
    public OptionalInt tokenToId(String token) {
        Integer id = idOf.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** One more than the largest id: the rows that an embedding table needs. */
    public int vocabularySize() {
        return vocabularySize;
    }

    @Override
    public void close() {
        delegate.close();
    }

    private static Map<String, Integer> vocabulary(Path file, JsonNode root) {
        Map<String, Integer> idOf = new HashMap<>();
        JsonNode vocabulary = root.path("model").path("vocab");
        vocabulary
                .propertyStream()
                .forEach(entry -> idOf.put(entry.getKey(), entry.getValue().asInt(-1)));
        for (int id = 0; vocabulary.isArray() && id < vocabulary.size(); id++) {
            idOf.put(vocabulary.get(id).path(0).asString(""), id);
        }
        for (JsonNode token : root.path("added_tokens")) {
            idOf.put(token.path("content").asString(""), token.path("id").asInt(-1));
        }
        if (idOf.isEmpty()) {
            throw new InputException("The tokenizer " + file
                    + " has no vocabulary at model.vocab; a Hugging Face tokenizer.json was expected.");
        }
        return idOf;
    }

    /**
     * The CPU flavour and offline mode keep the library from probing CUDA and the network. Its logging facade prints a
     * notice when no provider is installed, unless its own verbosity is lowered before it starts.
     */
    private static synchronized HuggingFaceTokenizer load(byte[] content) throws IOException {
        setIfAbsent("RUST_FLAVOR", "cpu");
        setIfAbsent("ai.djl.offline", "true");
        boolean quiet = setIfAbsent(VERBOSITY, "ERROR");
        try {
            // A stream rather than a path: a tokenizer_config.json beside the file must not change what is encoded.
            return HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(content), Map.of("truncation", "false", "padding", "false"));
        } finally {
            if (quiet) {
                System.clearProperty(VERBOSITY);
            }
        }
    }

    private static boolean setIfAbsent(String property, String value) {
        if (System.getProperty(property) != null) {
            return false;
        }
        System.setProperty(property, value);
        return true;
    }
}
