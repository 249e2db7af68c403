package io.llm2clip.model;

import io.llm2clip.nn.Blocks;
import io.llm2clip.nn.Embedding;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Lora;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.RmsNorm;
import io.llm2clip.nn.RotaryTable;
import io.llm2clip.nn.Scope;
import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The Llama transformer and its {@link LlamaFamily family}, causal as a language model and bidirectional as LLM2CLIP's caption encoder
 * (arXiv 2411.04997).
 *
 * <p>Parameters have the names of Hugging Face's bare {@code LlamaModel}, such as {@code layers.0.self_attn.q_proj.weight}, whether or
 * not the family's files have several as one; an untied language head is {@code lm_head.weight}.
 */
public final class Llama {
    /** The name of a language head that is not the token embedding. */
    static final String HEAD = "lm_head.weight";

    private final Parameters owner;
    private final LlamaConfig config;
    private final Embedding embedding;
    private final List<LlamaBlock> blocks = new ArrayList<>();
    private final RmsNorm norm;
    private final @Nullable Parameter head;
    private final List<Parameter> parameters;
    private final List<Parameter> loraParameters = new ArrayList<>();

    private Llama(Parameters owner, LlamaConfig config, LlamaInitialization start, boolean languageHead) {
        this.owner = owner;
        this.config = config;
        int first = owner.all().size();
        Scope root = owner.root();
        embedding = Embedding.create(
                root.scope("embed_tokens"), config.vocabularySize(), config.hiddenSize(), start.embedding());
        for (int i = 0; i < config.layers(); i++) {
            blocks.add(LlamaBlock.create(root.scope("layers").scope(i), config, start));
        }
        norm = LlamaBlock.norm(root.scope("norm"), config);
        if (!languageHead) {
            head = null;
        } else if (config.tieWordEmbeddings()) {
            head = embedding.weight();
        } else {
            Shape shape = Shape.of(config.vocabularySize(), config.hiddenSize());
            head = root.scope("lm_head").matrix("weight", shape, start.linear());
        }
        List<Parameter> all = owner.all();
        parameters = all.subList(first, all.size());
    }

    /** The encoder alone, whose {@link #logits} cannot be asked for. */
    public static Llama encoder(Parameters owner, LlamaConfig config, LlamaInitialization start) {
        return new Llama(owner, config, start, false);
    }

    /** The encoder with a language head, for next-token prediction. */
    public static Llama languageModel(Parameters owner, LlamaConfig config, LlamaInitialization start) {
        return new Llama(owner, config, start, true);
    }

    /** One or the other. */
    static Llama of(Parameters owner, LlamaConfig config, LlamaInitialization start, boolean languageHead) {
        return new Llama(owner, config, start, languageHead);
    }

    public LlamaConfig config() {
        return config;
    }

    /** What its parameters, and those of updates that come with it, belong to. */
    Parameters owner() {
        return owner;
    }

    /** All parameters but those of low-rank updates, in order of creation. */
    public List<Parameter> parameters() {
        return parameters;
    }

    /**
     * The hidden states after the last normalization, {@code [..., D]}. Sequences are of at most
     * {@link LlamaConfig#longestSequence} tokens.
     *
     * @param ids i32, tokens
     * @param sequences how they are arranged
     * @param causal whether a token sees only itself and earlier ones
     * @throws IllegalArgumentException if padded rows are longer
     */
    public Tensor hidden(Tensor ids, Sequences sequences, boolean causal) {
        if (sequences instanceof Sequences.Padded) {
            config.requireLength(ids.shape().dim(-1));
        }
        // No position is beyond the number of tokens.
        RotaryTable positions =
                RotaryTable.llama(ids.shape().dim(-1), config.headSize(), config.ropeTheta(), config.ropeScaling());
        RotaryTable angles = sequences.angles(positions);
        Tensor x = embedding.apply(ids);
        if (config.family().scalesEmbeddings()) {
            // The root in the precision of the states, as Hugging Face has it: here f32.
            x = x.mul((float) Math.sqrt(config.hiddenSize()));
        }
        for (LlamaBlock block : blocks) {
            x = Blocks.apply(x, state -> block.apply(state, sequences, causal, angles));
        }
        return norm.apply(x);
    }

    /** Scores of the next token, {@code [..., vocabulary]}; a token sees only itself and earlier ones. */
    public Tensor logits(Tensor ids, Sequences sequences) {
        Parameter weights = requireHead();
        return hidden(ids, sequences, true).matmulTransposed(weights.tensor());
    }

    /** Scores of tokens, {@code [..., vocabulary]}, of hidden states {@code [..., D]}. */
    public Tensor scores(Tensor states) {
        return states.matmulTransposed(requireHead().tensor());
    }

    private Parameter requireHead() {
        if (head == null) {
            throw new IllegalStateException(
                    "This Llama is an encoder without a language head; create it with languageModel.");
        }
        return head;
    }

    /**
     * The caption vectors {@code [S, D]}, not normalized: weighted sums of each caption's hidden states.
     *
     * @param ids i32 {@code [N]}
     * @param captions at most S
     * @param pooledBy i32 {@code [N]}, number of the caption that pools a token, S if none does
     * @param weights {@code [N]}, such as {@code 1/n} for each of the n pooled tokens of a caption
     */
    public Tensor pooled(Tensor ids, Sequences.Ragged captions, Tensor pooledBy, Tensor weights, boolean causal) {
        return hidden(ids, captions, causal)
                .mul(weights.reshape(-1, 1))
                .segmentSum(pooledBy, captions.count() + 1)
                .slice(0, 0, captions.count());
    }

    /**
     * Adds a low-rank update to the seven linear layers of every block, under PEFT's names
     * {@code base_model.model.layers.0.self_attn.q_proj.lora_A.weight}; nothing changes until they are trained. Layers that the family's
     * files have as one share an update, under that one's name: {@code qkv_proj} and {@code gate_up_proj} of Phi-3.
     *
     * @param owner holds the new parameters, apart from the base so that they can be saved and freed alone
     */
    public void attachLora(Parameters owner, LoraSettings settings) {
        Scope root = owner.root().scope("base_model").scope("model").scope("layers");
        for (int i = 0; i < blocks.size(); i++) {
            Scope layer = root.scope(i);
            blocks.get(i).storedLinears(config.family()).forEach((name, linears) -> {
                Lora lora = Lora.attach(layer.scope(name), linears, settings).getFirst();
                loraParameters.add(lora.a());
                loraParameters.add(lora.b());
            });
        }
    }

    /** The linear layers of all blocks that low-rank updates are for, by their full names. */
    Map<String, List<Linear>> storedLinears() {
        Map<String, List<Linear>> linears = new TreeMap<>();
        for (int i = 0; i < blocks.size(); i++) {
            String block = "layers." + i + ".";
            blocks.get(i).storedLinears(config.family()).forEach((name, stored) -> linears.put(block + name, stored));
        }
        return linears;
    }

    /** The attached low-rank updates, by the weights that they are for. */
    Map<Parameter, List<Lora>> updates() {
        Map<Parameter, List<Lora>> updates = new HashMap<>();
        for (LlamaBlock block : blocks) {
            block.linears().values().forEach(linear -> updates.put(linear.weight(), linear.updates()));
        }
        return updates;
    }

    /** Bytes of weights that are read where their file is mapped. */
    public long mappedBytes() {
        return parameters().stream()
                .map(Parameter::data)
                .filter(TensorData::isMapped)
                .mapToLong(
                        weights -> weights.dtype().bytes((long) weights.shape().size()))
                .sum();
    }

    /** The parameters of low-rank updates that {@link #attachLora} attached. */
    public List<Parameter> loraParameters() {
        return List.copyOf(loraParameters);
    }

    /**
     * Adds the low-rank updates to the weights and detaches them: in place where the weights are trained, into new ones in f32 where they
     * are frozen. Graphs built before are of no use afterwards: they add the updates again, or read weights that are no more.
     */
    public void mergeLora() {
        blocks.forEach(block -> block.linears().values().forEach(linear -> linear.merge()));
        loraParameters.clear();
    }
}
