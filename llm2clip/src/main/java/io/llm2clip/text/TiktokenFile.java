package io.llm2clip.text;

import io.llm2clip.data.InputException;
import io.llm2clip.text.BpeVocabulary.Merge;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Llama 3's vocabulary as Meta publishes it, {@code tokenizer.model} in the format of tiktoken: a line per token, its bytes in base64 and
 * its rank. The 256 special tokens, which the file has not, have the numbers behind the last one.
 */
public final class TiktokenFile {
    private static final int SPECIAL_TOKENS = 256;
    private static final int LONGEST_TOKEN = 1024;
    private static final int MOST_TOKENS = 1 << 20;

    /** Those that have a use, under the names of Llama 3.1; the others are reserved. */
    private static final List<String> NAMED = List.of(
            "<|begin_of_text|>",
            "<|end_of_text|>",
            "<|reserved_special_token_0|>",
            "<|reserved_special_token_1|>",
            "<|finetune_right_pad_id|>",
            "<|reserved_special_token_2|>",
            "<|start_header_id|>",
            "<|end_header_id|>",
            "<|eom_id|>",
            "<|eot_id|>",
            "<|python_tag|>");

    private static final int RESERVED = 3;

    private final Path file;
    /** The token of each rank, in the alphabet of vocabularies. */
    private final List<String> tokens = new ArrayList<>();

    private TiktokenFile(Path file) {
        this.file = file;
    }

    /**
     * The vocabulary as a tokenizer.json of Llama 3 has it.
     *
     * @throws InputException if the file cannot be read or is of another format, such as SentencePiece's of the same name
     */
    public static BpeVocabulary read(Path file) {
        TiktokenFile read = new TiktokenFile(file);
        try {
            byte[] content = Files.readAllBytes(file);
            read.add(content);
        } catch (IOException e) {
            throw new InputException("The tokenizer " + file + " cannot be read (" + e.getMessage() + ").", e);
        }
        return read.vocabulary();
    }

    private void add(byte[] content) {
        String text = new String(content, StandardCharsets.ISO_8859_1);
        for (String line : (Iterable<String>) text.lines()::iterator) {
            if (!line.isEmpty()) {
                tokens.add(token(line));
            }
            if (tokens.size() > MOST_TOKENS) {
                throw wrong("at most %d tokens".formatted(MOST_TOKENS), "more");
            }
        }
        Set<String> distinct = new LinkedHashSet<>(tokens);
        if (distinct.size() != tokens.size()) {
            throw wrong(
                    "every token once",
                    "%d of %d tokens twice".formatted(tokens.size() - distinct.size(), tokens.size()));
        }
        for (int b = 0; b < 256; b++) {
            if (!distinct.contains(ByteAlphabet.text((byte) b))) {
                throw wrong("a token for every byte", "none for %d".formatted(b));
            }
        }
    }

    private String token(String line) {
        int space = line.indexOf(' ');
        String expected = "a line of a token in base64 and the rank %d".formatted(tokens.size());
        if (space < 0 || !line.substring(space + 1).equals(Integer.toString(tokens.size()))) {
            throw wrong(expected, "'%s'".formatted(shown(line)));
        }
        byte[] bytes =
                decoded(line.substring(0, space)).orElseThrow(() -> wrong(expected, "'%s'".formatted(shown(line))));
        if (bytes.length == 0 || bytes.length > LONGEST_TOKEN) {
            throw wrong("tokens of 1 to %d bytes".formatted(LONGEST_TOKEN), bytes.length + " bytes");
        }
        return ByteAlphabet.text(bytes);
    }

    private static Optional<byte[]> decoded(String base64) {
        try {
            return Optional.of(Base64.getDecoder().decode(base64));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static String shown(String line) {
        String printable = line.replaceAll("[^ -~]", "?");
        return printable.length() <= 40 ? printable : printable.substring(0, 40) + "...";
    }

    private InputException wrong(String expected, String found) {
        return new InputException(
                "The tokenizer %s: expected Llama 3's vocabulary in the format of tiktoken, %s, found %s; give the tokenizer.json of the model."
                        .formatted(file, expected, found));
    }

    private BpeVocabulary vocabulary() {
        List<String> special = special();
        List<String> all = new ArrayList<>(tokens);
        all.addAll(special);
        return new BpeVocabulary(all, merges(), special, List.of(), special.getFirst(), null, PreTokenization.LLAMA3);
    }

    private static List<String> special() {
        List<String> special = new ArrayList<>(NAMED);
        for (int reserved = RESERVED; special.size() < SPECIAL_TOKENS; reserved++) {
            special.add("<|reserved_special_token_" + reserved + "|>");
        }
        return special;
    }

    /**
     * Tiktoken joins the two neighbors whose token has the lowest rank, whatever they are: every pair that makes a token, in the order of
     * the tokens. Of the same token's pairs it takes the leftmost, which no text of tokens so made ever has next to another.
     */
    private List<Merge> merges() {
        Map<String, Integer> rankOf = new HashMap<>();
        for (int rank = 0; rank < tokens.size(); rank++) {
            rankOf.put(tokens.get(rank), rank);
        }
        List<Merge> merges = new ArrayList<>();
        for (String token : tokens) {
            List<Merge> own = new ArrayList<>();
            for (int at = 1; at < token.length(); at++) {
                Merge merge = new Merge(token.substring(0, at), token.substring(at));
                if (rankOf.containsKey(merge.left()) && rankOf.containsKey(merge.right())) {
                    own.add(merge);
                }
            }
            own.sort(Comparator.comparing((Merge merge) -> rankOf.get(merge.left()))
                    .thenComparing(merge -> rankOf.get(merge.right())));
            merges.addAll(own);
        }
        return merges;
    }
}
