package io.llm2clip.demo;

import io.llm2clip.data.InputException;
import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.model.Llama;
import io.llm2clip.model.LlamaInitialization;
import io.llm2clip.nn.Parameters;
import io.llm2clip.progress.Progress;
import io.llm2clip.text.BpeTrainer;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.ChatTemplate;
import io.llm2clip.text.Pooling;
import io.llm2clip.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The demo's language model with everything that turns a caption into a vector. */
final class LanguageSide implements AutoCloseable {
    private static final String BEGIN = "<bos>";
    private static final String END = "<eot>";
    private static final List<String> SPECIAL = List.of("<pad>", BEGIN, END, "<mask>");

    private final Parameters parameters;
    private final Llama llama;
    private final Tokenizer tokenizer;
    private final CaptionFormat format = CaptionFormat.of(ChatTemplate.plain(END));
    private final CaptionEncoder encoder;
    private final Path tokenizerFile;
    private final long seed;

    private LanguageSide(DemoRecipe recipe, long seed, Tokenizer tokenizer, Path tokenizerFile) {
        this.seed = seed;
        this.tokenizer = tokenizer;
        this.tokenizerFile = tokenizerFile;
        this.parameters = new Parameters(seed);
        this.llama = Llama.languageModel(parameters, recipe.languageModelConfig(), LlamaInitialization.FAST);
        this.encoder = new CaptionEncoder(llama, tokenizer, format, Pooling.MEAN);
    }

    /** Learns a tokenizer from texts, writes it, and starts a model of random weights over its vocabulary. */
    static LanguageSide create(DemoRecipe recipe, long seed, Path tokenizerFile, Stream<String> texts) {
        try {
            Files.createDirectories(tokenizerFile.toAbsolutePath().getParent());
            new BpeTrainer(recipe.vocabulary(), SPECIAL, BEGIN).train(texts.toList()).write(tokenizerFile);
        } catch (IOException e) {
            throw new InputException("The tokenizer could not be written to " + tokenizerFile + " (" + e.getMessage()
                    + "); give a directory with room.", e);
        }
        return new LanguageSide(recipe, seed, Tokenizer.open(tokenizerFile), tokenizerFile);
    }

    Parameters parameters() {
        return parameters;
    }

    Llama llama() {
        return llama;
    }

    CaptionEncoder encoder() {
        return encoder;
    }

    CaptionFormat format() {
        return format;
    }

    Path tokenizerFile() {
        return tokenizerFile;
    }

    /** Token ids of a caption with begin and end token. */
    int[] row(String caption) {
        return format.row(tokenizer, caption).ids();
    }

    /** Vectors of captions, not normalised. */
    float[][] vectors(List<String> captions) {
        return encoder.encode(captions, Progress.NONE.begin("", 0, ""));
    }

    /** Tokens of the longest caption. */
    int longest(List<List<String>> captions) {
        return captions.stream().flatMap(List::stream).mapToInt(c -> row(c).length).max().orElse(0);
    }

    /** Says which weights cached vectors come from. */
    String fingerprint() {
        return "demo " + seed + " " + llama.config() + " " + parameters.digest();
    }

    @Override
    public void close() {
        encoder.close();
        tokenizer.close();
        parameters.close();
    }
}
