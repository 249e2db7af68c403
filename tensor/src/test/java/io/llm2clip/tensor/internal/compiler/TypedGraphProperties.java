package io.llm2clip.tensor.internal.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.GradientProperties;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Interpreter;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Casts are computed where their elements are read and written, and round as if they were not. */
class TypedGraphProperties {
    private static final Target DEVICE = new Target("a device", Set.of(Precision.F32), 64, false);

    @Property(tries = 300)
    void graphsOfAllTypesAgreeWithTheInterpreter(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Tensor> outputs = new ArrayList<>();
        List<Tensor> nodes = graph(random);
        for (int i = 0; i < 4; i++) {
            outputs.add(nodes.get(random.nextInt(nodes.size())));
        }
        List<float[]> expected =
                Interpreter.evaluate(
                                outputs.stream()
                                        .map(TypedGraphProperties::floats)
                                        .toList(),
                                Map.of())
                        .stream()
                        .map(TensorData::toFloats)
                        .toList();
        try (Program program = Program.compile(outputs, Execution.cpu())) {
            List<TensorData> found = program.run();
            for (int i = 0; i < outputs.size(); i++) {
                // One rounding to bf16 more or less at the edge of two values.
                GradientProperties.assertClose("output " + i, values(found.get(i)), expected.get(i), 0.04f);
            }
        }
    }

    /** Devices convert contiguous elements only. */
    @Property(tries = 200)
    void whatDevicesCannotReadIsConvertedBefore(@ForAll long seed) {
        List<Tensor> nodes = graph(new SplittableRandom(seed));
        Plan plan = Compiler.compile(nodes, List.of(), DEVICE, ProgramOptions.DEFAULT);
        for (Plan.Step step : plan.steps()) {
            assertThat(DeviceKernels.plan(step.op())).isNotNull();
        }
    }

    private static List<Tensor> graph(SplittableRandom random) {
        List<Tensor> nodes = new ArrayList<>();
        float[] values = new float[12];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextInt(-16, 17) / 8f;
        }
        Tensor floats = Tensor.variable("floats", TensorData.of(Shape.of(3, 4), values));
        nodes.add(floats);
        for (DType type : new DType[] {DType.BF16, DType.F16, DType.I32}) {
            TensorData data = floats.cast(type).evaluate();
            nodes.add(Tensor.variable(type.name(), data));
        }
        for (int i = 0; i < 20; i++) {
            nodes.add(grow(random, nodes));
        }
        return nodes;
    }

    private static Tensor grow(SplittableRandom random, List<Tensor> nodes) {
        Tensor a = nodes.get(random.nextInt(nodes.size()));
        Tensor b = nodes.get(random.nextInt(nodes.size()));
        boolean alike = b.shape().equals(a.shape());
        return switch (random.nextInt(10)) {
            case 0 -> a.shape().rank() < 2 ? floats(a) : a.transpose(0, -1);
            case 1 -> a.slice(0, a.shape().dim(0) / 2, a.shape().dim(0));
            case 2 -> a.reshape(-1);
            case 3 -> half(random, floats(a));
            case 4 -> half(random, floats(a).tanh());
            case 5 -> floats(a).mul(0.5f).tanh();
            case 6 -> alike ? floats(a).add(floats(b)).mul(0.5f) : floats(a).negate();
            case 7 ->
                alike && a.dtype() == b.dtype() && a.shape().size() < 100 ? Tensor.concat(0, List.of(a, b)) : floats(a);
            case 8 -> floats(a).softmax();
            default -> floats(a);
        };
    }

    private static Tensor half(SplittableRandom random, Tensor x) {
        return x.cast(random.nextBoolean() ? DType.BF16 : DType.F16);
    }

    private static Tensor floats(Tensor x) {
        return x.cast(DType.F32);
    }

    private static float[] values(TensorData data) {
        Tensor variable = Tensor.variable("found", data);
        return Interpreter.evaluate(List.of(floats(variable)), Map.of())
                .getFirst()
                .toFloats();
    }

    @Example
    void aChainFromHalvesToHalvesIsOneKernel() {
        Tensor x = Tensor.input("x", Shape.of(8, 16), DType.BF16);
        Tensor bias = Tensor.input("bias", Shape.of(8, 16), DType.F16);
        Tensor chain = floats(x).mul(2).add(floats(bias)).gelu().cast(DType.BF16);
        Plan plan = Compiler.compile(
                List.of(chain),
                List.of(),
                new Target("fuses", Set.of(Precision.F32), 64, true),
                ProgramOptions.DEFAULT);
        assertThat(plan.steps()).hasSize(1);
        plan = Compiler.compile(List.of(chain), List.of(), DEVICE, ProgramOptions.DEFAULT);
        assertThat(plan.steps()).hasSize(4);
    }

    /** A cast between is no cast away: it rounds. */
    @Example
    void roundingIsKept() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(2), 1 + 0x1p-10f, 3));
        Tensor ints = Tensor.variable("ints", TensorData.ofInts(Shape.of(2), 16_777_217, -5));
        Tensor rounded = floats(floats(x).cast(DType.BF16)).sub(1);
        Tensor back = floats(ints).cast(DType.I32);
        try (Program program = Program.compile(List.of(rounded, back), Execution.cpu())) {
            List<TensorData> found = program.run();
            assertThat(found.getFirst().toFloats()).containsExactly(0, 2);
            assertThat(found.getLast().toInts()).containsExactly(16_777_216, -5);
        }
    }

    /** In f32, although what they are of is rounded, and summed up where it is read twice. */
    @Example
    void gradientsFlowThroughCastsInF32() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(3), 1, 2, 3));
        Tensor half = x.cast(DType.BF16);
        Tensor loss = floats(half)
                .square()
                .sum()
                .add(floats(half.slice(0, 1, 2)).sum().mul(1 + 0x1p-12f));
        Tensor gradient = Gradients.of(loss, List.of(x)).getFirst();
        assertThat(gradient.dtype()).isEqualTo(DType.F32);
        assertThat(gradient.evaluate().toFloats()).containsExactly(2, 4 + 1 + 0x1p-12f, 6);
    }

    /** As that of an f32 table, whose rows are those of the stored one. */
    @Example
    void rowsOfStoredTablesAreGathered() {
        Tensor table = Tensor.variable("table", TensorData.of(Shape.of(3, 2), 1, 2, 3, 4, 5, 6));
        Tensor index = Tensor.variable("index", TensorData.ofInts(Shape.of(2), 2, 0));
        for (DType type : new DType[] {DType.BF16, DType.F16}) {
            Tensor stored = Tensor.variable("stored", table.cast(type).evaluate());
            Tensor rows = stored.gather(index);
            assertThat(rows.evaluate().toFloats()).containsExactly(5, 6, 1, 2);
            Tensor gradient = Gradients.of(rows.square().sum(), List.of(stored)).getFirst();
            assertThat(gradient.evaluate().toFloats()).containsExactly(2, 4, 0, 0, 10, 12);
        }
    }
}
