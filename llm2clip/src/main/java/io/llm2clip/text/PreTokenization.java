package io.llm2clip.text;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How a byte-level BPE tokenizer cuts text to pieces, within which it merges. GGUF files name these kinds only; what they are is in
 * the tokenizer.json files of the models that have them.
 */
public enum PreTokenization {
    /** GPT-2's words, numbers and other characters. */
    GPT2(Set.of("gpt-2", "phi-2", "mpt", "olmo"), false),
    /** The same with every digit alone. */
    SMOLLM(Set.of("smollm", "starcoder", "refact"), false),
    /** Llama 3's, of numbers of up to three digits; pieces that are tokens are not merged anew. */
    LLAMA3(
            Set.of("llama-bpe", "llama3", "llama-v3"),
            true,
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
    /** Qwen2's, which has every digit alone, of text in normal form C. */
    QWEN2(
            Set.of("qwen2", "deepseek-r1-qwen"),
            false,
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
    /** Mistral's since Nemo, which also parts words where small letters end. */
    TEKKEN(
            Set.of("tekken"),
            true,
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
    /** What llama.cpp does where a file does not say. */
    LLAMA_CPP(
            Set.of("default"),
            false,
            "[\\p{P}\\$\\+<=>\\^~\\|]+",
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)",
            "\\p{N}+",
            "[0-9][0-9][0-9]");

    private final Set<String> names;
    private final boolean ignoresMerges;
    private final List<String> patterns;

    PreTokenization(Set<String> names, boolean ignoresMerges, String... patterns) {
        this.names = names;
        this.ignoresMerges = ignoresMerges;
        this.patterns = List.of(patterns);
    }

    /** The kind that GGUF files call so, as {@code tokenizer.ggml.pre}. */
    public static Optional<PreTokenization> named(String name) {
        return Stream.of(values())
                .filter(kind -> kind.names.contains(name.toLowerCase(Locale.ROOT)))
                .findFirst();
    }

    /** All names that {@link #named} knows, sorted. */
    public static List<String> names() {
        return Stream.of(values()).flatMap(kind -> kind.names.stream()).sorted().toList();
    }

    /** Whether rows begin with a token of their own where a file does not say. */
    public boolean beginsRows() {
        return this == LLAMA3;
    }

    /** Whether a piece that is a token is this one, whatever merges would make of it. */
    boolean ignoresMerges() {
        return ignoresMerges;
    }

    /** Writes what tokenizer.json has as {@code normalizer} and {@code pre_tokenizer}. */
    void write(ObjectNode root) {
        if (this == QWEN2) {
            root.putObject("normalizer").put("type", "NFC");
        } else {
            root.putNull("normalizer");
        }
        if (this == GPT2) {
            putByteLevel(root.putObject("pre_tokenizer"), true);
            return;
        }
        ArrayNode steps =
                root.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
        if (this == SMOLLM) {
            steps.addObject().put("type", "Digits").put("individual_digits", true);
        }
        for (String pattern : patterns) {
            ObjectNode split = steps.addObject().put("type", "Split");
            split.putObject("pattern").put("Regex", pattern);
            split.put("behavior", "Isolated").put("invert", false);
        }
        putByteLevel(steps.addObject(), patterns.isEmpty());
    }

    /** From text to the characters that stand for its bytes, or back. */
    static void putByteLevel(ObjectNode object, boolean splits) {
        object.put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", splits);
    }
}
