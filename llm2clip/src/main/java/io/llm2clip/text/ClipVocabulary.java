package io.llm2clip.text;

import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.nn.checkpoint.JsonFault;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * CLIP's byte-pair encoding in the forms in which it was published before there was a tokenizer.json, as the tokenizer.json that
 * transformers makes of them: text in lower case with single spaces, words of letters, single digits, and {@code </w>} at the ends of
 * words.
 */
public final class ClipVocabulary {
    /** Begins every text. */
    public static final String BEGIN = "<|startoftext|>";
    /** Ends every text. */
    public static final String END = "<|endoftext|>";

    private static final String WORD_END = "</w>";
    private static final String WORDS = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";
    /** OpenAI's file lists more merges than the models know: their 49,152 tokens are 256 bytes, merges and two special ones. */
    private static final int MERGES = 49_152 - 256 - 2;
    /** Far more than a vocabulary has; a compressed file may stand for more than memory holds. */
    private static final int MAX_BYTES = 64 << 20;

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private ClipVocabulary() {}

    /**
     * The tokenizer of a {@code vocab.json} and a {@code merges.txt}.
     *
     * @return the content of a tokenizer.json
     * @throws InputException if a file cannot be read, or is none of these
     */
    public static byte[] of(Path vocabulary, Path merges) {
        JsonNode ids;
        try {
            ids = JSON.readTree(bytes(vocabulary));
        } catch (JacksonException e) {
            throw new InputException(
                    "%s: expected a vocabulary in JSON, found: %s; fetch it again."
                            .formatted(vocabulary, JsonFault.describe(e)),
                    e);
        }
        if (!(ids instanceof ObjectNode object)
                || !object.path(BEGIN).isInt()
                || !object.path(END).isInt()) {
            throw new InputException(
                    "%s: expected CLIP's vocabulary, tokens with their ids, among them %s and %s, found none such; fetch the file of this model."
                            .formatted(vocabulary, BEGIN, END));
        }
        return json(object, merges(merges));
    }

    /**
     * The tokenizer of OpenAI's {@code bpe_simple_vocab_16e6.txt.gz}, a list of merges from which the vocabulary follows.
     *
     * @return the content of a tokenizer.json
     * @throws InputException if the file cannot be read, or is another
     */
    public static byte[] ofOpenAi(Path file) {
        List<String[]> merges = merges(file);
        // Printable bytes come first, as their characters do.
        List<String> bytes = new String(ByteAlphabet.ofBytes())
                .chars()
                .sorted()
                .mapToObj(Character::toString)
                .toList();
        ObjectNode ids = JSON.createObjectNode();
        Stream.of(
                        bytes.stream(),
                        bytes.stream().map(symbol -> symbol + WORD_END),
                        merges.stream().map(pair -> pair[0] + pair[1]),
                        Stream.of(BEGIN, END))
                .flatMap(tokens -> tokens)
                .forEach(token -> ids.put(token, ids.size()));
        return json(ids, merges);
    }

    /** The pairs of a file, which begins with a line of its version. */
    private static List<String[]> merges(Path file) {
        List<String> lines = new String(bytes(file), StandardCharsets.UTF_8)
                .strip()
                .lines()
                .limit(MERGES + 1L)
                .toList();
        List<String[]> merges = new ArrayList<>();
        lines.stream().skip(1).forEach(line -> merges.add(line.split(" ", -1)));
        if (lines.isEmpty()
                || !lines.getFirst().contains("#version")
                || merges.stream().anyMatch(pair -> pair.length != 2)) {
            throw new InputException(
                    "%s: expected a line with '#version' and merges of two pieces, a line each, found other lines; fetch it again."
                            .formatted(file));
        }
        return merges;
    }

    private static byte[] bytes(Path file) {
        try (InputStream stored = Files.newInputStream(file);
                InputStream stream = file.toString().endsWith(".gz") ? new GZIPInputStream(stored) : stored) {
            byte[] bytes = stream.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new InputException("%s: expected a vocabulary of at most %d MB, found more; fetch it again."
                        .formatted(file, MAX_BYTES >> 20));
            }
            return bytes;
        } catch (IOException e) {
            throw new InputException("%s: cannot be read (%s); fetch it again.".formatted(file, IoReason.of(e)), e);
        }
    }

    private static byte[] json(ObjectNode ids, List<String[]> merges) {
        ObjectNode root = JSON.createObjectNode().put("version", "1.0");
        root.putNull("truncation").putNull("padding");
        ArrayNode added = root.putArray("added_tokens");
        for (String token : List.of(BEGIN, END)) {
            added.addObject()
                    .put("id", ids.get(token).asInt())
                    .put("content", token)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", true)
                    .put("special", true);
        }
        ArrayNode normalizers =
                root.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        normalizers.addObject().put("type", "NFC");
        normalizers
                .addObject()
                .put("type", "Replace")
                .put("content", " ")
                .putObject("pattern")
                .put("Regex", "\\s+");
        normalizers.addObject().put("type", "Lowercase");
        ArrayNode splits =
                root.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
        splits.addObject()
                .put("type", "Split")
                .put("behavior", "Removed")
                .put("invert", true)
                .putObject("pattern")
                .put("Regex", WORDS);
        byteLevel(splits.addObject(), false);
        ObjectNode ends = root.putObject("post_processor")
                .put("type", "RobertaProcessing")
                .put("trim_offsets", false)
                .put("add_prefix_space", false);
        ends.putArray("sep").add(END).add(ids.get(END).asInt());
        ends.putArray("cls").add(BEGIN).add(ids.get(BEGIN).asInt());
        byteLevel(root.putObject("decoder"), true);
        ObjectNode model = root.putObject("model")
                .put("type", "BPE")
                .putNull("dropout")
                .put("unk_token", END)
                .put("continuing_subword_prefix", "")
                .put("end_of_word_suffix", WORD_END)
                .put("fuse_unk", false)
                .put("byte_fallback", false)
                .put("ignore_merges", false);
        model.set("vocab", ids);
        ArrayNode pairs = model.putArray("merges");
        merges.forEach(pair -> pairs.addArray().add(pair[0]).add(pair[1]));
        return JSON.writeValueAsBytes(root);
    }

    private static void byteLevel(ObjectNode object, boolean prefixSpace) {
        object.put("type", "ByteLevel")
                .put("add_prefix_space", prefixSpace)
                .put("trim_offsets", true)
                .put("use_regex", true);
    }
}
