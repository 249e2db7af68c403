package io.llm2clip.model;

import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Scope;
import io.llm2clip.nn.Sequences;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.TokenBatch;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The text tower of FG-CLIP 2: {@link SiglipTextTower} with a second way for captions that are longer than its window. Those have positions
 * of their own, of which the first few stay as they were while training spread the others, and another head; both ways lead into the
 * same space. A caption goes the way that is as long as it needs, as the model card has it: "short" up to 64 tokens, "long" up to 196.
 *
 * <p>Captions lie one behind the other, so that those of both ways share a batch. The model's third way, for captions of regions of an
 * image, is not here.
 */
public final class FgClip2TextTower implements TextTower {
    /** Only this model has it. */
    static final String LONG_HEAD = "longtext_head.weight";

    private static final int KEPT = 20;
    private static final int LONG_WINDOW = 196;

    private final Config config;
    private final int pad;
    private final TextTransformer transformer;
    private final Parameter spread;
    private final Parameter kept;
    private final Linear head;
    private final Linear longHead;
    private final List<Parameter> parameters;

    /**
     * Sizes of the tower.
     *
     * @param sizes with the window of short captions
     * @param longWindow tokens of long captions
     * @param keptPositions how many positions of long captions are those that training did not spread
     */
    public record Config(TextTowerSizes sizes, int longWindow, int keptPositions) {
        public Config {
            Limit.COUNT.require("longWindow", longWindow);
            Limit.COUNT.require("keptPositions", keptPositions);
            if (longWindow < sizes.window() || keptPositions > longWindow) {
                throw new IllegalArgumentException(
                        "A text tower with a window of %d tokens, %d for long captions and %d positions that are kept; expected ascending ones, such as 64, 196 and 20."
                                .formatted(sizes.window(), longWindow, keptPositions));
            }
            if (sizes.projectionSize() != sizes.hiddenSize()) {
                throw new IllegalArgumentException(
                        "A text tower of %d channels and embeddings of %d; expected as many, since its head for long captions gives as many."
                                .formatted(sizes.hiddenSize(), sizes.projectionSize()));
            }
        }

        /**
         * Reads the {@code config.json} of a whole FG-CLIP 2.
         *
         * @throws CheckpointException if it is damaged
         */
        static Config read(ConfigFile whole) {
            ConfigFile text = whole.within("text_config");
            try {
                return new Config(
                        SiglipTextTower.sizes(whole),
                        text.integer("longtext_len", LONG_WINDOW),
                        text.integer("keep_len", KEPT));
            } catch (IllegalArgumentException e) {
                throw new CheckpointException("%s: %s".formatted(whole.file(), e.getMessage()), e);
            }
        }

        /** Of tensors without a configuration: they do not tell what is kept, which is 20 in all published models. */
        static Config infer(TextTowerSizes sizes, StoredShapes stored) {
            return new Config(sizes, stored.size("text_model.embeddings.position_embedding_res.weight", 0), KEPT);
        }
    }

    private FgClip2TextTower(Parameters owner, Config config, int pad) {
        this.config = config;
        this.pad = pad;
        int first = owner.all().size();
        int width = config.sizes.hiddenSize();
        Initializer byWidth = Initializer.normal(Math.pow(width, -0.5));
        Scope model = owner.root().scope("text_model");
        transformer = new TextTransformer(model, config.sizes, byWidth, byWidth);
        Scope embeddings = model.scope("embeddings");
        Shape positions = Shape.of(config.longWindow, width);
        spread = embeddings.scope("position_embedding_res").create("weight", positions, byWidth);
        kept = embeddings.scope("position_embedding_ori").create("weight", positions, byWidth);
        head = Linear.create(model.scope("head"), width, width, true, byWidth);
        longHead = Linear.create(owner.root().scope("longtext_head"), width, width, true, byWidth);
        List<Parameter> all = owner.all();
        parameters = all.subList(first, all.size());
    }

    /**
     * A new tower.
     *
     * @param pad the token that rows are filled up with
     */
    public static FgClip2TextTower create(Parameters owner, Config config, int pad) {
        return new FgClip2TextTower(owner, config, pad);
    }

    Config config() {
        return config;
    }

    @Override
    public TextTowerSizes sizes() {
        return config.sizes;
    }

    @Override
    public int window() {
        return config.longWindow;
    }

    /** In lower case as Python has it, where a sigma that ends a word is another letter; tokenizers do not know that. */
    @Override
    public String prepared(String caption) {
        return caption.toLowerCase(Locale.ROOT);
    }

    /**
     * Ids i32 {@code [N]} and positions i32 {@code [N]}, those of long captions behind those of short ones; offsets i32 {@code [B + 1]};
     * last tokens i32 {@code [B]}; and f32 {@code [B, 1]}, 1 for long captions.
     */
    @Override
    public List<TensorData> inputs(List<int[]> rows) {
        int[] offsets = new int[rows.size() + 1];
        for (int b = 0; b < rows.size(); b++) {
            offsets[b + 1] = offsets[b] + (isLong(rows.get(b)) ? config.longWindow : config.sizes.window());
        }
        int used = offsets[rows.size()];
        int[] ids = new int[TokenBatch.capacity(used)];
        Arrays.fill(ids, pad);
        int[] positions = new int[ids.length];
        int[] lasts = new int[rows.size()];
        float[] longs = new float[rows.size()];
        for (int b = 0; b < rows.size(); b++) {
            int[] row = rows.get(b);
            System.arraycopy(row, 0, ids, offsets[b], row.length);
            int firstPosition = isLong(row) ? config.sizes.window() : 0;
            for (int i = offsets[b]; i < offsets[b + 1]; i++) {
                positions[i] = firstPosition + i - offsets[b];
            }
            lasts[b] = offsets[b + 1] - 1;
            longs[b] = isLong(row) ? 1 : 0;
        }
        return List.of(
                TensorData.ofInts(Shape.of(ids.length), ids),
                TensorData.ofInts(Shape.of(ids.length), positions),
                TensorData.ofInts(Shape.of(offsets.length), offsets),
                TensorData.ofInts(Shape.of(lasts.length), lasts),
                TensorData.of(Shape.of(longs.length, 1), longs));
    }

    private boolean isLong(int[] row) {
        return row.length > config.sizes.window();
    }

    @Override
    public Tensor embed(List<Tensor> inputs) {
        Tensor table = Tensor.concat(
                0,
                List.of(
                        transformer.positions(),
                        kept.tensor().slice(0, 0, config.keptPositions),
                        spread.tensor().slice(0, config.keptPositions, config.longWindow)));
        Sequences captions = new Sequences.Ragged(inputs.get(2), null);
        Tensor states = transformer.states(inputs.getFirst(), table.gather(inputs.get(1)), captions, false);
        Tensor last = transformer.normalized(states.gather(inputs.get(3)));
        Tensor isLong = inputs.get(4);
        Tensor isShort = Tensor.scalar(1).sub(isLong);
        return head.apply(last).mul(isShort).add(longHead.apply(last).mul(isLong));
    }

    @Override
    public List<Parameter> parameters() {
        return parameters;
    }
}
