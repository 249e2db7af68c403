package io.llm2clip.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.JsonFault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A Hugging Face tokenizer read from {@code tokenizer.json}. Works offline, never truncates and never pads. What becomes of
 * special tokens written out in a text is a matter of {@link SpecialTokens}. Safe for use by several threads.
 */
public final class Tokenizer implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final TokenizersLibrary library;
    /** The native tokenizer, 0 once it is closed. */
    private final AtomicLong handle;

    private final SpecialTokens specialTokens;
    private final UnaryOperator<String> spelling;
    private final String digest;
    private final Map<String, Integer> idOf;
    private final int vocabularySize;

    private Tokenizer(
            TokenizersLibrary library,
            String json,
            SpecialTokens specialTokens,
            UnaryOperator<String> spelling,
            String digest,
            Map<String, Integer> idOf) {
        this.library = library;
        this.handle = new AtomicLong(library.createTokenizerFromString(json));
        this.specialTokens = specialTokens;
        this.spelling = spelling;
        this.digest = digest;
        this.idOf = idOf;
        this.vocabularySize =
                1 + idOf.values().stream().mapToInt(Integer::intValue).max().orElse(-1);
        library.disableTruncation(handle.get());
        library.disablePadding(handle.get());
    }

    /**
     * Loads the native library, for which the first tokenizer of a process waits otherwise: a tenth of a second.
     *
     * @throws InputException when it cannot be loaded
     */
    public static void prepare() {
        NativeTokenizers.library();
    }

    /**
     * Opens {@code tokenizer.json}, or the file of that name in a model folder; special tokens in texts are text.
     *
     * @throws InputException when the file is missing, is not JSON or is not a tokenizer
     */
    public static Tokenizer open(Path path) {
        return open(path, SpecialTokens.AS_TEXT);
    }

    /**
     * Opens {@code tokenizer.json}, or the file of that name in a model folder. Other files beside it change nothing.
     *
     * @throws InputException when the file is missing, is not JSON or is not a tokenizer, or when the native library cannot be
     *     loaded
     */
    public static Tokenizer open(Path path, SpecialTokens specialTokens) {
        Path file = Files.isDirectory(path) ? path.resolve("tokenizer.json") : path;
        if (!Files.isRegularFile(file)) {
            throw new InputException("The tokenizer " + file
                    + " does not exist; give a Hugging Face tokenizer.json or a folder that holds one.");
        }
        try {
            return of(file, Files.readAllBytes(file), specialTokens);
        } catch (IOException e) {
            throw new InputException("The tokenizer " + file + " cannot be read (" + e.getMessage() + ").", e);
        }
    }

    /**
     * The tokenizer that the content of a tokenizer.json describes.
     *
     * @param file where it comes from, for messages
     * @throws InputException when it is not JSON or is not a tokenizer, or when the native library cannot be loaded
     */
    public static Tokenizer of(Path file, byte[] content, SpecialTokens specialTokens) {
        TokenizersLibrary library = NativeTokenizers.library();
        try {
            JsonNode root = JSON.readTree(content);
            Map<String, Integer> idOf = vocabulary(file, root);
            String digest = sha256(content);
            UnaryOperator<String> spelling = switch (specialTokens) {
                case AS_TEXT -> new HiddenSpecialTokens(root)::spell;
                case PARSED -> UnaryOperator.identity();
            };
            return new Tokenizer(library, JSON.writeValueAsString(root), specialTokens, spelling, digest, idOf);
        } catch (JacksonException e) {
            throw new InputException(
                    "The tokenizer %s is not JSON: %s; fetch it again.".formatted(file, JsonFault.describe(e)), e);
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
        long encoding = library.encode(open(), WellFormed.text(text), special);
        try {
            long[] ids = library.getTokenIds(encoding);
            return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
        } finally {
            library.deleteEncoding(encoding);
        }
    }

    /**
     * A template's text in which special tokens are recognized, however this tokenizer was opened. Put together with what a
     * user writes it goes to {@link #encode}; it is of no use elsewhere, nor for another tokenizer.
     */
    public String template(String text) {
        return spelling.apply(text);
    }

    /** The text of {@code ids}, special tokens left out. */
    public String decode(int... ids) {
        for (int id : ids) {
            if (id < 0 || id >= vocabularySize) {
                throw new IllegalArgumentException(
                        "Token id %d is outside the vocabulary of %d tokens.".formatted(id, vocabularySize));
            }
        }
        return library.decode(open(), Arrays.stream(ids).asLongStream().toArray(), true);
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

    /** What becomes of special tokens that are spelled out in a text. */
    public SpecialTokens specialTokens() {
        return specialTokens;
    }

    /** The SHA-256 of tokenizer.json, in hexadecimal: tokenizers of other digests may give other ids. */
    public String digest() {
        return digest;
    }

    @Override
    public void close() {
        long open = handle.getAndSet(0);
        if (open != 0) {
            library.deleteTokenizer(open);
        }
    }

    /** The native library follows any address it is given. */
    private long open() {
        long open = handle.get();
        if (open == 0) {
            throw new IllegalStateException("The tokenizer is closed; open it again.");
        }
        return open;
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
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
}
