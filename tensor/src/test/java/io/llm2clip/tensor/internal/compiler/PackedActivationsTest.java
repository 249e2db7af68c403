package io.llm2clip.tensor.internal.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.PackedRows;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.operations.Rotary;
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.kernels.operations.RowPanels.Format;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.Update;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which values are packed for the matmuls that read them: on a device that reads all that AMX does, and writes it by all kernels. */
class PackedActivationsTest {
    private static final int ROWS = 40;
    private static final int WIDTH = 32;
    private static final ProgramOptions BF16 = new ProgramOptions(Precision.BF16);

    private static final Target TARGET = target(false);

    /** @param attention whether attention reads and writes panels */
    private static Target target(boolean attention) {
        return new Target(
                "a device of tests",
                () -> Set.of(Precision.F32, Precision.BF16),
                Set.copyOf(MatrixOperand.FORMATS),
                64,
                new Target.Packings() {
                    @Override
                    public @Nullable RowPanels panels(AttentionOp.Attention op, int operand, Precision precision) {
                        return attention ? RowPanels.balanced(ROWS, WIDTH, 32, Format.BF16) : null;
                    }

                    @Override
                    public @Nullable Packing of(Matmul op, Precision precision) {
                        return null;
                    }

                    @Override
                    public @Nullable RowPanels panels(Matmul op, Precision precision) {
                        return precision == Precision.BF16
                                        && op.batch() == 1
                                        && !op.a().transposed()
                                ? RowPanels.balanced(op.m(), op.k(), 32, Format.BF16)
                                : null;
                    }

                    @Override
                    public @Nullable RowPanels panelsOfB(Matmul op, Precision precision) {
                        return precision == Precision.BF16
                                        && op.batch() == 1
                                        && !op.b().transposed()
                                ? RowPanels.balanced(op.k(), op.n(), 32, Format.BF16)
                                : null;
                    }

                    @Override
                    public boolean writes(KernelOp op, Precision precision, RowPanels panels) {
                        return op instanceof NormOp
                                || op instanceof Rotary
                                || op instanceof Elementwise
                                || (op instanceof AttentionOp.Attention && attention)
                                || (op instanceof Matmul && precision == Precision.BF16);
                    }
                },
                true,
                Map.of(),
                op -> "its reference");
    }

    private int weights;

    private static Plan compile(Tensor... outputs) {
        return Compiler.compile(List.of(outputs), List.of(), TARGET, BF16);
    }

    private Tensor weight(int... shape) {
        return Tensor.variable("w" + weights++, TensorData.allocate(Shape.of(shape), DType.F32));
    }

    private static Tensor input(int... shape) {
        return Tensor.input("x", Shape.of(shape), DType.F32);
    }

    private Tensor linear(Tensor x, int columns) {
        return x.matmulTransposed(weight(columns, x.shape().dim(-1)));
    }

    private Tensor norm(Tensor x) {
        int width = x.shape().dim(-1);
        return x.layerNorm(weight(width), weight(width), 1e-5f);
    }

    private static List<KernelOp> packed(Plan plan) {
        return plan.steps().stream()
                .map(Plan.Step::op)
                .filter(PackedRows.class::isInstance)
                .map(KernelOp::unpacked)
                .toList();
    }

    private static List<Matmul> readers(Plan plan) {
        return plan.steps().stream()
                .map(step -> step.op().unpacked())
                .filter(op -> op instanceof Matmul matmul && matmul.panels() != null)
                .map(Matmul.class::cast)
                .toList();
    }

    private static Tensor lengths() {
        return Tensor.variable("lengths", TensorData.ofInts(Shape.of(1), ROWS));
    }

    /** Norm to queries, keys and values, and norm to MLP; what attention gives is f32 here, as are the residuals. */
    @Test
    void edgesOfABlockOfAVisionTransformerArePacked() {
        Tensor x = input(1, ROWS, WIDTH);
        Tensor n = norm(x);
        Tensor attended = Tensor.attention(
                linear(n, WIDTH).add(weight(WIDTH)),
                linear(n, WIDTH).add(weight(WIDTH)),
                linear(n, WIDTH).add(weight(WIDTH)),
                lengths(),
                2,
                2,
                0.25f,
                false);
        Tensor y = x.add(linear(attended, WIDTH));
        Tensor out =
                y.add(linear(linear(norm(y), 4 * WIDTH).add(weight(4 * WIDTH)).quickGelu(), WIDTH));
        Plan plan = compile(out);
        assertThat(packed(plan))
                .hasSize(3)
                .satisfiesExactly(
                        op -> assertThat(op).isInstanceOf(NormOp.LayerNorm.class),
                        op -> assertThat(op).isInstanceOf(NormOp.LayerNorm.class),
                        op -> assertThat(op).isInstanceOf(Matmul.class));
        assertThat(readers(plan)).extracting(Matmul::n).containsExactly(WIDTH, WIDTH, WIDTH, 4 * WIDTH, WIDTH);
        String text = PlanText.of(plan, TARGET);
        assertThat(text)
                .containsPattern("LayerNorm\\[rows=40, columns=32, epsilon=1.0E-5, output=F32\\], result packed"
                        + " tiles-bf16\n.*\n.*\n.*\n +writes +out .* packed tiles-bf16 .* 2,560 bytes")
                .containsPattern("Matmul in bf16, \\[40, 32\\] x \\[32, 128\\] \\(add multiply sigmoid multiply\\),"
                        + " result packed tiles-bf16\n +reads +a .* packed tiles-bf16 ");
        assertThat(plan.steps())
                .filteredOn(step -> step.op() instanceof AttentionOp)
                .hasSize(1);
    }

    /** Queries, keys and values that only attention reads, and what it gives; not a value that something else reads, too. */
    @Test
    void edgesOfAttentionArePacked() {
        for (boolean shared : new boolean[] {false, true}) {
            Tensor x = input(1, ROWS, WIDTH);
            Tensor v = linear(x, WIDTH);
            Tensor attended = Tensor.attention(linear(x, WIDTH), linear(x, WIDTH), v, lengths(), 2, 2, 0.25f, false);
            Tensor out = linear(attended, WIDTH);
            Plan plan = Compiler.compile(List.of(shared ? out.add(v.exp()) : out), List.of(), target(true), BF16);
            AttentionOp.Attention op = plan.steps().stream()
                    .map(step -> step.op().unpacked())
                    .filter(AttentionOp.Attention.class::isInstance)
                    .map(AttentionOp.Attention.class::cast)
                    .findFirst()
                    .orElseThrow();
            RowPanels panels = RowPanels.balanced(ROWS, WIDTH, 32, Format.BF16);
            assertThat(op.q()).isEqualTo(panels);
            assertThat(op.k()).isEqualTo(panels);
            assertThat(op.v()).isEqualTo(shared ? null : panels);
            assertThat(packed(plan)).contains(op);
            assertThat(readers(plan)).extracting(Matmul::panels).contains(panels);
        }
    }

    /** What rotates them writes their panels. */
    @Test
    void rotatedQueriesAndKeysArePacked() {
        Tensor x = input(1, ROWS, WIDTH);
        Tensor cos = weight(ROWS, WIDTH / 4);
        Tensor sin = weight(ROWS, WIDTH / 4);
        Tensor q = linear(x, WIDTH).reshape(1, ROWS, 2, WIDTH / 2).rotary(cos, sin, false);
        Tensor k = linear(x, WIDTH).reshape(1, ROWS, 2, WIDTH / 2).rotary(cos, sin, false);
        Tensor attended = Tensor.attention(
                q.reshape(x.shape()), k.reshape(x.shape()), linear(x, WIDTH), lengths(), 2, 2, 0.25f, false);
        Plan plan = Compiler.compile(List.of(linear(attended, WIDTH)), List.of(), target(true), BF16);
        assertThat(packed(plan)).filteredOn(Rotary.class::isInstance).hasSize(2);
        assertThat(PlanText.of(plan, TARGET))
                .containsPattern("Attention\\[shape=.*\\] in bf16, result packed tiles-bf16\n"
                        + " +reads +q .* packed tiles-bf16 .*\n +reads +k .* packed tiles-bf16 ");
    }

    /** A value that is queries and keys at once is read by rows. */
    @Test
    void whatAttentionReadsTwiceIsNotPacked() {
        Tensor both = linear(input(1, ROWS, WIDTH), WIDTH);
        Tensor attended = Tensor.attention(both, both, both, lengths(), 2, 2, 0.25f, false);
        Plan plan = Compiler.compile(List.of(attended.exp()), List.of(), target(true), BF16);
        assertThat(plan.steps())
                .filteredOn(step -> step.op() instanceof AttentionOp.Attention attention && attention.byRows())
                .hasSize(1);
    }

    /**
     * The product of gate and up is the epilogue of one of both, which writes what the down projection reads; the other is in panels as well,
     * as nothing else reads it.
     */
    @Test
    void edgesOfABlockOfALlamaArePacked() {
        Tensor x = input(1, ROWS, WIDTH);
        Tensor n = x.rmsNorm(weight(WIDTH), 1e-5f);
        Tensor y = x.add(linear(linear(n, 96).silu().mul(linear(n, 96)), WIDTH));
        Plan plan = compile(y.rmsNorm(weight(WIDTH), 1e-5f));
        assertThat(packed(plan))
                .satisfiesExactly(
                        op -> assertThat(op).isInstanceOf(NormOp.RmsNorm.class),
                        op -> assertThat(op).isInstanceOf(Matmul.class),
                        op -> assertThat(op).isInstanceOf(Matmul.class));
        assertThat(readers(plan)).extracting(Matmul::n).containsExactly(96, 96, WIDTH);
        assertThat(readers(plan))
                .extracting(op -> op.epilogue().panels())
                .containsExactly(null, RowPanels.balanced(ROWS, 96, 32, Format.BF16), null);
        assertThat(PlanText.of(plan, TARGET))
                .containsPattern("reads +extra0 .* packed tiles-bf16 .* " + ROWS * 96 * 2 / 1000 + ",680 bytes");
    }

    @Test
    void whatAnEpilogueReadsIsPackedIfNothingElseReadsIt() {
        Tensor n = norm(input(ROWS, WIDTH));
        Tensor gate = linear(n, 96);
        assertThat(packed(compile(linear(gate.silu().mul(linear(n, 96)), WIDTH), gate)))
                .as("handed out")
                .noneMatch(
                        op -> op instanceof Matmul matmul && matmul.epilogue().panels() != null);
        Tensor stored = weight(ROWS, 96);
        assertThat(packed(compile(linear(stored.mul(linear(n, 96)), WIDTH))))
                .as("a variable")
                .noneMatch(
                        op -> op instanceof Matmul matmul && matmul.epilogue().panels() != null);
        Tensor sum = gate.silu().mul(linear(n, 96)).add(stored);
        assertThat(packed(compile(linear(sum, WIDTH))))
                .as("beside another one that is not")
                .noneMatch(
                        op -> op instanceof Matmul matmul && matmul.epilogue().panels() != null);
        assertThat(packed(compile(gate.silu().mul(linear(n, 96)))))
                .as("of a result by rows")
                .noneMatch(
                        op -> op instanceof Matmul matmul && matmul.epilogue().panels() != null);
    }

    /** A value in panels takes half of its bytes, or with the last step filled up a little more. */
    @Test
    void packedValuesTakeTheirBytesOnly() {
        Tensor x = input(ROWS, 50);
        Plan plan = compile(linear(norm(x), 3));
        assertThat(plan.memory().workspace()).isEqualTo(ROWS * 64 * 2L);
    }

    @Test
    void whatOthersReadIsNotPacked() {
        Tensor x = input(ROWS, WIDTH);
        Tensor n = norm(x);
        assertThat(packed(compile(linear(n, 8), n))).as("handed out").isEmpty();
        assertThat(packed(compile(linear(n, 8), n.tanh())))
                .as("read by an expression")
                .isEmpty();
        assertThat(packed(compile(linear(n, 8), n.slice(0, 1, 3))))
                .as("handed out in part")
                .isEmpty();
        assertThat(packed(compile(linear(n, WIDTH).add(n)))).as("a residual").isEmpty();
        assertThat(packed(compile(n.matmulTransposed(n)))).as("both factors").isEmpty();
        assertThat(packed(compile(weight(5, WIDTH).matmulTransposed(n))))
                .as("B")
                .isEmpty();
        assertThat(packed(compile(n.matmul(weight(ROWS, 3), true, false))))
                .as("a transposed A")
                .isEmpty();
        assertThat(packed(compile(linear(n.slice(0, 1, 9), 8))))
                .as("a part of it")
                .isEmpty();
        Tensor several = n.reshape(2, ROWS / 2, WIDTH);
        assertThat(packed(compile(several.matmulTransposed(weight(2, 7, WIDTH)))))
                .as("several matrices")
                .isEmpty();
        Tensor variable = weight(ROWS, WIDTH);
        Plan updating = Compiler.compile(List.of(linear(n, 8)), List.of(Update.assign(variable, n)), TARGET, BF16);
        assertThat(packed(updating)).as("assigned to a variable").isEmpty();
        assertThat(readers(updating)).isEmpty();
    }

    @Test
    void otherPrecisionsAndDevicesHaveNone() {
        Tensor out = linear(norm(input(ROWS, WIDTH)), 8);
        assertThat(packed(Compiler.compile(List.of(out), List.of(), TARGET, ProgramOptions.DEFAULT)))
                .isEmpty();
        Target plain = new Target("another device", Set.of(Precision.BF16), 64, true);
        assertThat(packed(Compiler.compile(List.of(out), List.of(), plain, BF16)))
                .isEmpty();
        try (Device emulated = Device.emulated(1 << 20)) {
            Target.Packings packings = ((PlanDevice) emulated).target().packings();
            Matmul op = Matmul.dense(1, ROWS, 8, WIDTH, false, true);
            assertThat(packings.panels(op, Precision.F32)).isNull();
        }
    }

    /** One kernel packs what several matmuls read, right before the first of them, where f32 is needed as well. */
    @Test
    void severalMatmulsShareWhatIsPackedOnce() {
        Tensor n = norm(input(ROWS, WIDTH));
        Plan plan = compile(n, linear(n, 8), linear(n, 16), linear(n, 24));
        assertThat(packed(plan)).singleElement().isInstanceOf(Elementwise.class);
        assertThat(readers(plan)).extracting(Matmul::n).containsExactly(8, 16, 24);
        assertThat(plan.steps().get(1).op()).isInstanceOf(PackedRows.class);
        assertThat(PlanText.of(plan, TARGET)).contains("1  Elementwise [40, 32], result packed tiles-bf16\n");
    }

    /** What a layer multiplied is what the gradient of its weight is computed of: no f32 is kept, of attention neither, which writes none. */
    @Test
    void gradientsOfWeightsReadWhatTheForwardPassMultiplied() {
        Tensor x = weight(ROWS, WIDTH);
        Tensor n = norm(x);
        Tensor hidden = weight(64, WIDTH);
        Tensor out = weight(WIDTH, 64);
        Tensor y = n.matmulTransposed(hidden).matmulTransposed(out);
        Plan plan = compile(Gradients.of(y.square().sum(), List.of(hidden, out)).toArray(new Tensor[0]));
        assertThat(packed(plan))
                .satisfiesExactly(
                        op -> assertThat(op).isInstanceOf(NormOp.LayerNorm.class),
                        op -> assertThat(op).isInstanceOf(Matmul.class));
        assertThat(plan.steps())
                .filteredOn(step -> step.op() instanceof Matmul op && op.panelsOfB() != null)
                .extracting(step -> ((Matmul) step.op()).panelsOfB())
                .containsExactlyInAnyOrder(
                        RowPanels.balanced(ROWS, WIDTH, 32, Format.BF16),
                        RowPanels.balanced(ROWS, 64, 32, Format.BF16));
        assertThat(PlanText.of(plan, TARGET)).containsPattern("reads +b .* packed tiles-bf16 .* 5,120 bytes");
        Tensor attended = Tensor.attention(
                x.reshape(1, ROWS, WIDTH), weight(1, ROWS, WIDTH), weight(1, ROWS, WIDTH), lengths(), 2, 2, 1, false);
        Tensor output = weight(8, WIDTH);
        Plan copied =
                compile(Gradients.of(attended.matmulTransposed(output).square().sum(), List.of(output))
                        .getFirst());
        assertThat(packed(copied)).singleElement().isInstanceOf(Elementwise.class);
        assertThat(readers(copied)).hasSize(1);
        assertThat(copied.steps()).anyMatch(step -> step.op() instanceof Matmul op && op.panelsOfB() != null);
    }

    /** What is computed is in the plan once, whichever layout it has. */
    @Test
    void readersOfAnotherShapeOfTheValueAreServed() {
        Tensor n = norm(input(2, ROWS / 2, WIDTH));
        Plan plan = compile(linear(n.reshape(ROWS, WIDTH), 8));
        assertThat(packed(plan)).singleElement().isInstanceOf(NormOp.LayerNorm.class);
    }
}
