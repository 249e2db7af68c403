package io.llm2clip.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A tokenizer with the special tokens of Llama-3's template, whose words are single letters apart from a few merges.
 * The double newline is one token, as with Llama-3's own word pattern.
 */
final class SmallTokenizer {
    static final List<String> SPECIAL =
            List.of("<pad>", "<bos>", "<eot>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "\n\n");
    private static final BpeVocabulary VOCABULARY =
            new BpeTrainer(300, SPECIAL, "<bos>").train(List.of(" a dog", "a dog", "say a", "user", "user"));

    private SmallTokenizer() {}

    static Tokenizer open() throws IOException {
        return open(SpecialTokens.AS_TEXT);
    }

    static Tokenizer open(SpecialTokens specialTokens) throws IOException {
        Path folder = Files.createTempDirectory("tokenizer");
        Path file = folder.resolve("tokenizer.json");
        try {
            VOCABULARY.write(file);
            return Tokenizer.open(file, specialTokens);
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        }
    }
}
