package io.llm2clip.model;

import io.llm2clip.nn.Blocks;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.LayerNorm;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.RotaryTable;
import io.llm2clip.nn.Scope;
import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The vision towers of EVA-CLIP, under the names of the published LLM2CLIP files ({@code visual.blocks.0.attn.q_proj.weight}). EVA02's
 * has two-dimensional rotary positions, gated MLPs and inner normalizations; the others are described at {@link
 * VisionConfig.Architecture}.
 */
public final class EvaVit implements VisionTower {
    private static final double STD = 0.02;
    /** The head starts close to zero. */
    private static final double HEAD_SCALE = 0.001;

    private final VisionConfig config;
    private final Parameter classToken;
    private final Parameter positions;
    private final Parameter patchKernel;
    private final Parameter patchBias;
    private final List<EvaBlock> blocks;
    private final LayerNorm norm;
    private final Linear head;
    // Made when it is first computed with, as it is the larger the more patches there are.
    private @Nullable RotaryTable rotary;
    private final List<Parameter> parameters;

    private EvaVit(Parameters owner, VisionConfig config) {
        this.config = config;
        int first = owner.all().size();
        int width = config.hiddenSize();
        int patch = config.patchSize();
        Initializer weight = Initializer.truncatedNormal(STD);
        Scope visual = owner.root().scope("visual");
        classToken = visual.create("cls_token", Shape.of(1, 1, width), weight);
        positions = visual.create("pos_embed", Shape.of(1, config.tokens(), width), weight);
        Scope patches = visual.scope("patch_embed").scope("proj");
        patchKernel = patches.matrix("weight", Shape.of(width, 3, patch, patch), weight);
        patchBias = patches.create("bias", Shape.of(width), Initializer.zeros());
        blocks = IntStream.range(0, config.layers())
                .mapToObj(i -> EvaBlock.create(visual.scope("blocks").scope(i), config, weight, i))
                .toList();
        norm = LayerNorm.create(visual.scope("norm"), width, config.layerNormEpsilon());
        head = Linear.create(visual.scope("head"), width, config.projectionSize(), true, weight.scaled(HEAD_SCALE));
        List<Parameter> all = owner.all();
        parameters = all.subList(first, all.size());
    }

    private synchronized @Nullable RotaryTable rotary() {
        if (rotary == null && config.architecture() == VisionConfig.Architecture.EVA02) {
            rotary = RotaryTable.eva02(config.gridSide(), config.hiddenSize() / config.heads());
        }
        return rotary;
    }

    /** A new tower, initialised as EVA-CLIP's. */
    public static EvaVit create(Parameters owner, VisionConfig config) {
        return new EvaVit(owner, config);
    }

    @Override
    public List<Tensor> states(List<Tensor> inputs) {
        Tensor patches = Patches.embed(inputs, config, patchKernel).add(patchBias.tensor());
        Tensor tokens = Patches.prependClass(patches, classToken);
        Tensor x = tokens.add(Patches.positions(inputs, tokens, positions));
        Sequences sequences = Patches.sequences(x);
        RotaryTable angles = Patches.angles(inputs, rotary());
        List<Tensor> states = new ArrayList<>(List.of(x));
        for (EvaBlock block : blocks) {
            states.add(Blocks.apply(states.getLast(), state -> block.apply(state, sequences, angles)));
        }
        return states;
    }

    @Override
    public Tensor embed(List<Tensor> inputs) {
        Tensor x = states(inputs).getLast();
        return head.apply(norm.apply(x.slice(1, 0, 1).reshape(-1, config.hiddenSize())));
    }

    @Override
    public Parameter positions() {
        return positions;
    }

    @Override
    public List<Parameter> projection() {
        return head.parameters();
    }

    @Override
    public List<Linear> attentionInputs() {
        return blocks.stream()
                .flatMap(block -> block.attention().inputs().stream())
                .toList();
    }

    @Override
    public VisionLayout layout() {
        return VisionLayout.EVA;
    }

    @Override
    public VisionConfig config() {
        return config;
    }

    @Override
    public List<Parameter> parameters() {
        return parameters;
    }
}
