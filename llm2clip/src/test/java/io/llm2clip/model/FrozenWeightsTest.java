package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.IndexOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.internal.compiler.Compiler;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.compiler.Target;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a step of training of low-rank updates computes and keeps: nothing for weights that are not trained. */
class FrozenWeightsTest {
    private static final int TOKENS = 1024;
    private static final int WIDTH = 640;
    private static final int INNER = 1280;
    private static final int RANK = 4;
    private static final int LAYERS = 3;
    private static final Target TARGET = new Target("a device of tests", Set.of(Precision.F32), 64, true);

    private final Parameters frozen = Parameters.frozen();
    private final Parameters trained = new Parameters(1);
    private Plan plan;

    @BeforeEach
    void compile() {
        LlamaConfig config =
                new LlamaConfig(50, WIDTH, INNER, LAYERS, 2, 2, WIDTH / 2, 1e-5f, 10_000, null, 4096, true);
        Llama llama = Llama.encoder(frozen, config, LlamaInitialization.FAST);
        llama.parameters().forEach(parameter -> parameter.fill(_ -> 0.01f));
        llama.attachLora(trained, LoraSettings.of(RANK, 2 * RANK));
        Tensor vectors = llama.pooled(
                Tensor.input("ids", Shape.of(TOKENS), DType.I32),
                new Sequences.Ragged(
                        Tensor.input("offsets", Shape.of(9), DType.I32),
                        Tensor.input("positions", Shape.of(TOKENS), DType.I32)),
                Tensor.input("pooledBy", Shape.of(TOKENS), DType.I32),
                Tensor.input("weights", Shape.of(TOKENS), DType.F32),
                false);
        Tensor loss = vectors.square().mean();
        List<Tensor> outputs = new ArrayList<>(List.of(loss));
        outputs.addAll(Gradients.of(
                loss, llama.loraParameters().stream().map(Parameter::tensor).toList()));
        plan = Compiler.compile(outputs, List.of(), TARGET, ProgramOptions.DEFAULT);
    }

    @AfterEach
    void close() {
        frozen.close();
        trained.close();
    }

    private <T extends KernelOp> List<T> kernels(Class<T> type) {
        return plan.steps().stream()
                .map(Plan.Step::op)
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }

    /** No product has the shape of a weight's gradient, and as many are of full rank as have to be: none of layer 0 goes to its input. */
    @Test
    void computesNoGradientOfAFrozenWeight() {
        List<Matmul> products = kernels(Matmul.class);
        assertThat(products)
                .filteredOn(op -> op.k() == TOKENS)
                .as("sums over tokens are of low rank")
                .hasSize(LAYERS * 7 * 2)
                .allMatch(op -> op.m() == RANK || op.n() == RANK);
        // Forward seven a layer, and the gradients of their inputs, but for the queries, keys and values of the first
        // layer.
        assertThat(products)
                .filteredOn(op -> op.m() == TOKENS && op.n() > RANK && op.k() > RANK)
                .hasSize(LAYERS * 7 * 2 - 3);
        assertThat(kernels(NormOp.RmsNormGradient.class)).hasSize(2 * LAYERS).noneMatch(op -> op.parameters());
        assertThat(kernels(IndexOp.ScatterAdd.class))
                .as("no gradient of the embedding")
                .noneMatch(op -> op.rows() == 50);
        for (Plan.Step step : plan.steps()) {
            List<Operand> operands = step.op().operands();
            for (int i = 0; i < operands.size(); i++) {
                if (operands.get(i).access() == Operand.Access.WRITE) {
                    assertThat(step.values().get(i).shape())
                            .isNotIn(
                                    Shape.of(WIDTH, WIDTH),
                                    Shape.of(INNER, WIDTH),
                                    Shape.of(WIDTH, INNER),
                                    Shape.of(WIDTH));
                }
            }
        }
    }

    /**
     * From the forward pass to the backward pass of a layer lives what its products, attention and norms have gradients by: two sums of the
     * residual stream, queries, keys, values and result of the attention, gate and up projection. Not what is normalized, nor the activation,
     * which are computed again, nor anything that is scaled.
     */
    @Test
    void keepsNoActivationThatCanBeComputedAgain() {
        long row = 4L * TOKENS;
        long keptPerLayer = row * (6L * WIDTH + 2L * INNER);
        long working = row * (3L * INNER + 5L * WIDTH + 20L * RANK);
        assertThat(plan.memory().workspace()).isLessThan(LAYERS * keptPerLayer + working);
        Set<Plan.Value> seen = new HashSet<>();
        int middle = plan.steps().size() / 2;
        for (Plan.Step step : plan.steps()) {
            for (Plan.Value value : step.values()) {
                if (value.first() >= 0 && value.last() < plan.steps().size() && seen.add(value)) {
                    boolean far = value.first() < middle / 2 && value.last() > middle * 3 / 2;
                    assertThat(far && value.shape().size() == TOKENS * INNER && isActivation(value))
                            .as("%s is kept", value)
                            .isFalse();
                }
            }
        }
    }

    private boolean isActivation(Plan.Value value) {
        return plan.steps().get(value.first()).op() instanceof Elementwise;
    }
}
