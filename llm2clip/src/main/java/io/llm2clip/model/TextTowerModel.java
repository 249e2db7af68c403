package io.llm2clip.model;

import io.llm2clip.kernels.JavaRuntime;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.text.BpeTrainer;
import io.llm2clip.text.BpeVocabulary;
import io.llm2clip.text.ClipVocabulary;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A text tower that is trained with a vision tower, and its tokenizer. The weights live as long as their owner. */
public final class TextTowerModel implements AutoCloseable {
    private static final int HEAD_SIZE = 32;
    private static final int LEAST_WINDOW = 3;
    private static final int MOST_WINDOW = 1 << 16;
    private static final int MOST_VOCABULARY = 1_000_000;
    /** In this order, since configurations of CLIP give the end token 2 a meaning of its own. */
    private static final List<String> SPECIAL = List.of(ClipVocabulary.BEGIN, ClipVocabulary.END);

    private final TextTower tower;
    private final TowerTokenizer files;
    private final Tokenizer tokenizer;

    private TextTowerModel(TextTower tower, TowerTokenizer files, Tokenizer tokenizer) {
        this.tower = tower;
        this.files = files;
        this.tokenizer = tokenizer;
    }

    /**
     * What a CLIP text tower from scratch is: heads of 32 channels, MLPs of four times the width.
     *
     * @param vocabulary tokens to learn from captions, at least 258
     * @param window tokens of the longest row
     * @param width channels, a multiple of 32
     * @param layers blocks
     */
    public record Size(int vocabulary, int window, int width, int layers) {
        /** Of a run in minutes. */
        public static final Size MINIATURE = new Size(1024, 77, 128, 2);

        public Size {
            if (window < LEAST_WINDOW || window > MOST_WINDOW || vocabulary > MOST_VOCABULARY) {
                throw new IllegalArgumentException(
                        "A new text tower of %d tokens that reads %d at a time; expected up to %d tokens, and from %d, begin, end and one between, to %d at a time."
                                .formatted(vocabulary, window, MOST_VOCABULARY, LEAST_WINDOW, MOST_WINDOW));
            }
            if (width % HEAD_SIZE != 0) {
                throw new IllegalArgumentException(
                        "A new text tower of %d channels; expected a multiple of %d, the channels of a head."
                                .formatted(width, HEAD_SIZE));
            }
            sizes(vocabulary, window, width, layers, 1);
            trainer(vocabulary);
        }

        private static BpeTrainer trainer(int vocabulary) {
            return new BpeTrainer(vocabulary, SPECIAL, ClipVocabulary.BEGIN);
        }

        private static TextTowerSizes sizes(int vocabulary, int window, int width, int layers, int embeddingSize) {
            return new TextTowerSizes(
                    vocabulary,
                    window,
                    width,
                    4 * width,
                    layers,
                    width / HEAD_SIZE,
                    embeddingSize,
                    Activation.GELU,
                    1e-5f);
        }
    }

    /**
     * Opens the text tower of a CLIP or SigLIP.
     *
     * @param owner receives its parameters
     * @param path of the whole model, a directory or a file
     * @param specialTokens how special tokens in captions are taken
     * @throws CheckpointException if it has no text tower of its own, or a part is missing or damaged
     */
    public static TextTowerModel open(Parameters owner, Path path, SpecialTokens specialTokens) {
        JavaRuntime.require();
        OutputDirectory.recover(path);
        CheckpointKind kind = CheckpointKind.of(path);
        if (kind != CheckpointKind.DUAL_ENCODER
                || !(ModelSource.find(path, ModelOptions.STORED) instanceof DualEncoder dual)) {
            throw new CheckpointException(
                    "%s: expected a CLIP or a SigLIP with a text tower of its own, found a %s; give such a model as a whole."
                            .formatted(path, kind.text()));
        }
        try (Checkpoint weights = Checkpoint.open(dual.vision())) {
            TextTower tower = TextTowerFiles.create(
                    owner,
                    weights,
                    dual.layout(),
                    dual.config(),
                    dual.activation(),
                    dual.tokenizer().pad());
            TextTowerFiles.load(tower, weights, dual.layout().names());
            return new TextTowerModel(tower, dual.tokenizer(), dual.tokenizer().open(tower, specialTokens));
        }
    }

    /**
     * Learns a tokenizer from texts, and makes a CLIP text tower of random weights over its vocabulary.
     *
     * @param owner receives its parameters
     * @param embeddingSize E, that of the vision tower
     */
    public static TextTowerModel create(
            Parameters owner, Size size, int embeddingSize, Iterable<String> texts, SpecialTokens specialTokens) {
        BpeVocabulary vocabulary = Size.trainer(size.vocabulary).train(texts).endingWith(ClipVocabulary.END);
        TowerTokenizer files = TowerTokenizer.learned(vocabulary);
        ClipTextTower tower = ClipTextTower.create(
                owner,
                new ClipTextTower.Config(
                        Size.sizes(size.vocabulary, size.window, size.width, size.layers, embeddingSize),
                        new EndToken.First(SPECIAL.indexOf(ClipVocabulary.END))));
        return new TextTowerModel(tower, files, files.open(tower, specialTokens));
    }

    public TextTower tower() {
        return tower;
    }

    /** Token ids of a caption of any length, with begin and end token as far as the tower has them. */
    public int[] row(String caption) {
        return tokenizer.encode(tower.prepared(caption), true);
    }

    /** Says which tokenizer it is. */
    public String tokenizerDigest() {
        return tokenizer.digest();
    }

    /**
     * Writes a whole model of this tower, which {@link OpenModel} opens, into a directory that there is.
     *
     * @param model of this tower
     */
    public void write(Path directory, Llm2ClipModel model, Saving saving) throws IOException {
        DualDirectory.write(directory, model, tower, files, saving);
    }

    /** The bytes that {@link #write} takes, but for small files. */
    public long bytes(Llm2ClipModel model, Saving saving) {
        return DualDirectory.bytes(model, tower, saving);
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
