package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.text.BpeVocabulary;
import io.llm2clip.text.ClipVocabulary;
import io.llm2clip.text.SiglipTokenizerJson;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The tokenizer of a text tower, in the files beside its weights.
 *
 * @param source the file: a tokenizer.json, or a vocabulary that one is made of
 * @param json the content of the tokenizer.json that is used
 * @param pad the token that rows are filled up with where the tower reads what they are filled up with
 */
record TowerTokenizer(Path source, byte[] json, OptionalInt pad) implements TokenizerOrigin {
    private static final String CONFIG = "tokenizer_config.json";
    private static final String MAP = "special_tokens_map.json";
    private static final List<String> CONFIGS = List.of(CONFIG, MAP);
    private static final String VOCABULARY = "vocab.json";
    private static final String MERGES = "merges.txt";
    private static final List<String> OPENAI = List.of("bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt");

    /** What stands for the file of a tokenizer that was learned, and is in no file yet. */
    private static final Path LEARNED = Path.of("the learned tokenizer");

    /** A learned vocabulary, whose rows end with CLIP's end token. */
    static TowerTokenizer learned(BpeVocabulary vocabulary) {
        return new TowerTokenizer(LEARNED, vocabulary.toJson().getBytes(StandardCharsets.UTF_8), OptionalInt.empty());
    }

    /**
     * Reads the tokenizer in a directory.
     *
     * @throws CheckpointException if there is none, saying which files it may be and where they usually are
     * @throws io.llm2clip.data.InputException if a file of it cannot be read, or is another
     */
    static TowerTokenizer find(Path directory, TextLayout.Family family) {
        Path json = directory.resolve(TextFiles.TOKENIZER);
        boolean there = Files.isRegularFile(json);
        return switch (family) {
            case CLIP -> there ? new TowerTokenizer(json, read(json), OptionalInt.empty()) : clip(directory);
            case SIGLIP, FG_CLIP_2 -> {
                if (there) {
                    yield siglip(directory, json);
                }
                throw new CheckpointException(
                        "%s: expected the tokenizer of a SigLIP beside its weights, tokenizer.json, found none; fetch it from the model's repository, whose other forms of it, such as spiece.model, are not read."
                                .formatted(directory));
            }
        };
    }

    private static TowerTokenizer siglip(Path directory, Path file) {
        // The first SigLIP's class, and the one that its vocabulary is made from.
        String type = Files.isRegularFile(directory.resolve(CONFIG))
                ? ConfigFile.read(directory.resolve(CONFIG)).string("tokenizer_class", "")
                : "";
        boolean first = type.startsWith("SiglipTokenizer") || type.startsWith("T5Tokenizer");
        SiglipTokenizerJson json = SiglipTokenizerJson.of(file, read(file), !first);
        String pad = CONFIGS.stream()
                .map(directory::resolve)
                .filter(Files::isRegularFile)
                .map(config -> spelling(ConfigFile.read(config)))
                .filter(spelling -> !spelling.isEmpty())
                .findFirst()
                .orElseGet(json::padding);
        OptionalInt id = json.addedToken(pad);
        if (id.isEmpty()) {
            throw new CheckpointException(
                    "%s: expected a pad token, which a SigLIP reads like any other, as 'pad_token' in %s and among the added tokens of %s, found %s; fetch both from the model's repository."
                            .formatted(
                                    directory, CONFIG, TextFiles.TOKENIZER, pad.isEmpty() ? "none" : "'" + pad + "'"));
        }
        return new TowerTokenizer(file, json.content(), id);
    }

    /** The pad token as a string, or as an object that says how it is matched. */
    private static String spelling(ConfigFile config) {
        JsonNode pad = config.root().path("pad_token");
        return pad.isObject() ? pad.path("content").asString("") : pad.asString("");
    }

    private static TowerTokenizer clip(Path directory) {
        Path vocabulary = directory.resolve(VOCABULARY);
        Path merges = directory.resolve(MERGES);
        if (Files.isRegularFile(vocabulary) && Files.isRegularFile(merges)) {
            return new TowerTokenizer(vocabulary, ClipVocabulary.of(vocabulary, merges), OptionalInt.empty());
        }
        Optional<Path> original = OPENAI.stream()
                .map(directory::resolve)
                .filter(Files::isRegularFile)
                .findFirst();
        if (original.isPresent()) {
            return new TowerTokenizer(original.get(), ClipVocabulary.ofOpenAi(original.get()), OptionalInt.empty());
        }
        throw new CheckpointException(
                "%s: expected CLIP's vocabulary beside the weights, tokenizer.json, or %s and %s, or OpenAI's %s, found none; fetch one: the first are in every repository of a CLIP in Hugging Face's layout, such as openai/clip-vit-base-patch32, the last is in the folder clip of OpenAI's code."
                        .formatted(directory, VOCABULARY, MERGES, OPENAI.getFirst()));
    }

    /**
     * Writes a tokenizer.json and what lies beside it, from which {@link #find} and Hugging Face's {@code AutoTokenizer} make the same
     * tokenizer: the files that there are, and of a vocabulary the tokenizer.json that was made of it.
     *
     * @param window tokens of the longest row
     */
    void write(Path directory, int window) throws IOException {
        List<String> companions = List.of(CONFIG, MAP, VOCABULARY, MERGES, "added_tokens.json", "spiece.model");
        for (String name : companions) {
            Path companion = source.resolveSibling(name);
            if (!source.equals(LEARNED) && Files.isRegularFile(companion)) {
                Files.copy(companion, directory.resolve(name));
            }
        }
        Path target = directory.resolve(TextFiles.TOKENIZER);
        if (source.endsWith(TextFiles.TOKENIZER)) {
            // As it is: what is read into it beyond that, its own software reads into it as well.
            Files.copy(source, target);
            return;
        }
        Files.write(target, json);
        if (!Files.exists(directory.resolve(CONFIG))) {
            ObjectNode config = ConfigFile.object()
                    .put("tokenizer_class", source.equals(LEARNED) ? "PreTrainedTokenizerFast" : "CLIPTokenizer")
                    .put("model_max_length", window)
                    .put("bos_token", ClipVocabulary.BEGIN);
            for (String special : List.of("eos_token", "pad_token", "unk_token")) {
                config.put(special, ClipVocabulary.END);
            }
            ConfigFile.write(directory.resolve(CONFIG), config);
        }
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new CheckpointException(
                    "%s: cannot be read (%s); check its permissions.".formatted(file, IoReason.of(e)), e);
        }
    }

    /** The tokenizer, whose tokens the tower must have embeddings for. */
    Tokenizer open(TextTower tower, SpecialTokens specialTokens) {
        Tokenizer tokenizer = Tokenizer.of(source, json, specialTokens);
        try {
            requireFit(tower, tokenizer);
            return tokenizer;
        } catch (RuntimeException | Error e) {
            tokenizer.close();
            throw e;
        }
    }

    private void requireFit(TextTower tower, Tokenizer tokenizer) {
        if (tokenizer.vocabularySize() > tower.vocabularySize()) {
            throw new CheckpointException(
                    "%s: the tokenizer has %d tokens, the text tower embeds %d; use the tokenizer it was trained with."
                            .formatted(source, tokenizer.vocabularySize(), tower.vocabularySize()));
        }
        int[] empty = tokenizer.encode("", true);
        if (empty.length == 0) {
            throw new CheckpointException(
                    "%s: expected a tokenizer that ends every text with an end token, found one that adds none; use the tokenizer the text tower was trained with."
                            .formatted(source));
        }
        if (tower instanceof ClipTextTower clip
                && clip.config().end() instanceof EndToken.First(int end)
                && empty[empty.length - 1] != end) {
            throw new CheckpointException(
                    "%s: expected a tokenizer that ends every text with token %d, the 'eos_token_id' of the text tower, found %d; use the tokenizer it was trained with."
                            .formatted(source, end, empty[empty.length - 1]));
        }
    }
}
