package io.llm2clip.model;

import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Scope;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;

/**
 * The text tower of SigLIP and SigLIP2: a transformer without causal mask over the whole window, pads included, whose state at the
 * last position, mostly a pad's, is projected. It was trained so; a mask would give other embeddings. Names are those of Hugging
 * Face's {@code SiglipTextModel}.
 */
public final class SiglipTextTower implements TextTower {
    /** Of B/16, the defaults of Hugging Face's library, which published files leave out. */
    private static final TextTowerSizes USUAL =
            new TextTowerSizes(32000, 64, 768, 3072, 12, 12, 768, Activation.GELU_TANH, 1e-6f);

    private final TextTowerSizes sizes;
    private final int pad;
    private final TextTransformer transformer;
    private final Linear head;
    private final List<Parameter> parameters;

    private SiglipTextTower(Parameters owner, TextTowerSizes sizes, int pad) {
        this.sizes = sizes;
        this.pad = pad;
        int first = owner.all().size();
        int width = sizes.hiddenSize();
        Initializer byWidth = Initializer.normal(Math.pow(width, -0.5));
        Scope model = owner.root().scope("text_model");
        transformer = new TextTransformer(model, sizes, byWidth, byWidth);
        head = Linear.create(model.scope("head"), width, sizes.projectionSize(), true, byWidth);
        List<Parameter> all = owner.all();
        parameters = all.subList(first, all.size());
    }

    /**
     * A new tower.
     *
     * @param pad the token that rows are filled up with
     */
    public static SiglipTextTower create(Parameters owner, TextTowerSizes sizes, int pad) {
        return new SiglipTextTower(owner, sizes, pad);
    }

    /**
     * Reads the {@code config.json} of a whole SigLIP.
     *
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if it is damaged
     */
    static TextTowerSizes sizes(ConfigFile whole) {
        ConfigFile config = whole.within("text_config");
        int width = config.integer("hidden_size", USUAL.hiddenSize());
        return TextTowerSizes.read(config, USUAL, config.integer("projection_size", width));
    }

    @Override
    public TextTowerSizes sizes() {
        return sizes;
    }

    /** Ids {@code [B, window]}. */
    @Override
    public List<TensorData> inputs(List<int[]> rows) {
        return List.of(TextTransformer.ids(rows, window(), pad));
    }

    @Override
    public Tensor embed(List<Tensor> inputs) {
        Tensor ids = inputs.getFirst();
        Tensor states = transformer.states(ids, Patches.sequences(ids), false);
        // What follows works on each position alone.
        Tensor last = states.slice(1, window() - 1, window()).reshape(-1, sizes.hiddenSize());
        return head.apply(transformer.normalized(last));
    }

    @Override
    public List<Parameter> parameters() {
        return parameters;
    }
}
