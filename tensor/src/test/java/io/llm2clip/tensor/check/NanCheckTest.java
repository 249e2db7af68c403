package io.llm2clip.tensor.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import io.llm2clip.tensor.machine.Processor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A run that is checked stops where NaN comes from. Outside of the engine's package, as who builds graphs is. */
class NanCheckTest {
    private static final Execution CHECKED =
            new Execution(TestExecution.get().device(), ProgramOptions.DEFAULT.withNanCheck());
    private static final String PROPERTY = "llm2clip.nancheck";
    private static final String UNKNOWN_SITE = "; run with -Dllm2clip.nancheck=true to see where it is built.";

    private final Tensor x = Tensor.input("x", Shape.of(2, 3), DType.F32);

    private static TensorData values(float... values) {
        return TensorData.of(Shape.of(2, 3), values);
    }

    @Test
    void theFirstKernelIsNamedWithItsShapesOperandsAndElement() {
        Tensor log = x.add(1).log();
        List<Tensor> outputs = List.of(log.matmul(log, true, false).softmax(), log.sum());
        try (Program program = Program.compile(outputs, CHECKED)) {
            program.feed(x, values(1, 2, 3, 4, 5, 6));
            program.run();
            program.feed(x, values(1, 2, 3, 4, -1.5f, -3));
            assertThatThrownBy(program::run)
                    .isInstanceOf(ArithmeticException.class)
                    .hasMessage(
                            "Kernel 0 of 4, Elementwise [2, 3] (add log), is the first to yield NaN: in 2 of 6 elements"
                                    + " of %0 F32 [2, 3], first at [1, 1], which is log(-0.5); it reads 'x' F32 [2, 3]"
                                    + UNKNOWN_SITE);
            program.feed(x, values(1, 2, 3, 4, 5, 6));
            assertThat(program.run().getLast().item()).isFinite();
        }
    }

    /** Activations that are packed for matmuls are looked at as any others. */
    @Test
    void packedValuesAreLookedAt() {
        String absence = Processor.absence(Precision.BF16).orElse(null);
        assumeTrue(absence == null, "Not run natively: " + absence);
        Tensor ones = Tensor.variable("ones", TensorData.of(Shape.of(3), 1, 1, 1));
        Tensor w = Tensor.variable("w", values(1, 2, 3, 4, 5, 6));
        Tensor out = x.layerNorm(ones, ones, 1e-5f).matmulTransposed(w);
        Execution checked = new Execution(Device.cpu(), new ProgramOptions(Precision.BF16).withNanCheck());
        try (Program program = Program.compile(List.of(out), checked)) {
            program.feed(x, values(1, 2, 3, 4, 5, 6));
            program.run();
            program.feed(x, values(1, 2, 3, 4, Float.POSITIVE_INFINITY, 6));
            assertThatThrownBy(program::run)
                    .isInstanceOf(ArithmeticException.class)
                    .hasMessageMatching(
                            "Kernel 0 of 2, LayerNorm\\[.*\\], result packed tiles-bf16, is the first to yield"
                                    + " NaN: in 3 of 6 elements of %0 F32 \\[2, 3\\], first at \\[1, 0\\]; it reads 'x'.*");
        }
    }

    @Test
    void whatIsFedAsNanIsNotTheKernelsFault() {
        Tensor w = Tensor.variable("w", TensorData.of(Shape.of(3, 1), 0, Float.NaN, Float.NaN));
        try (Program program = Program.compile(List.of(x.matmul(w).add(2)), CHECKED)) {
            program.feed(x, values(1, 2, 3, 4, 5, 6));
            assertThatThrownBy(program::run)
                    .isInstanceOf(ArithmeticException.class)
                    .hasMessageMatching(
                            "Kernel 0 of 1, Matmul in f32, \\[2, 3\\] x \\[3, 1\\] \\(add\\), is the first to"
                                    + " yield NaN: in 2 of 2 elements of %0 F32 \\[2, 1\\], first at \\[0, 0\\]; it reads"
                                    + " 'x' F32 \\[2, 3\\], and 'w' F32 \\[3, 1\\], where 2 are NaN already.*;.*");
        }
    }

    /** NaN that a guard does not let through is none, whoever brings it. */
    @Test
    void guardedValuesAreNoFault() {
        Tensor known = Tensor.where(x.equalTo(x), x, Tensor.scalar(0));
        Tensor roots = Tensor.where(known.greater(Tensor.scalar(0)), known.sqrt(), Tensor.scalar(0));
        try (Program program = Program.compile(List.of(roots.sum()), CHECKED)) {
            program.feed(x, values(4, Float.NaN, -9, 0, 1, 25));
            assertThat(program.run().getFirst().item()).isEqualTo(8);
        }
        Tensor difference = Tensor.where(known.greater(Tensor.scalar(0)), known.sqrt(), known.sub(known.mul(2)));
        try (Program program = Program.compile(List.of(difference), CHECKED)) {
            program.feed(x, values(4, Float.NaN, -9, Float.NEGATIVE_INFINITY, 1, 25));
            assertThatThrownBy(program::run)
                    .as("not the root of a negative number, which is not taken")
                    .hasMessageContaining("in 1 of 6 elements")
                    .hasMessageContaining("first at [1, 0], which is subtract(-Infinity, -Infinity);");
        }
    }

    @Test
    void infinitiesAreNumbersAndIntsAreAll() {
        Tensor bits = Tensor.variable("bits", TensorData.ofInts(Shape.of(2), 0x7FC0_0000, -1));
        try (Program program = Program.compile(List.of(x.exp(), bits.slice(0, 1, 2)), CHECKED)) {
            program.feed(x, values(1000, 0, 0, 0, 0, Float.NEGATIVE_INFINITY));
            assertThat(program.run().getFirst().toFloats()).startsWith(Float.POSITIVE_INFINITY);
        }
    }

    /** Whether a target rounds them where it computes them, or in a kernel of its own. */
    @Test
    void halvesAreLookedAt() {
        Tensor halves = Tensor.input("halves", Shape.of(2, 3), DType.F16);
        try (Program program =
                Program.compile(List.of(halves.slice(0, 1, 2), x.sqrt().cast(DType.BF16)), CHECKED)) {
            program.feed(halves, TensorData.allocate(Shape.of(2, 3), DType.F16));
            program.feed(x, values(1, 2, 3, 4, -5, 6));
            assertThatThrownBy(program::run).hasMessageContaining("[2, 3], first at [1, 1]");
            TensorData bits = TensorData.allocate(Shape.of(2, 3), DType.F16);
            bits.segment().fill((byte) 0xFF);
            program.feed(halves, bits);
            program.feed(x, values(1, 2, 3, 4, 5, 6));
            assertThatThrownBy(program::run)
                    .hasMessageContaining("in 3 of 3 elements of %")
                    .hasMessageContaining(" F16 [1, 3], first at [0, 0]; it reads 'halves' F16 [2, 3], where ");
        }
    }

    @Test
    void nothingIsLookedAtUnlessAsked() {
        try (Program program = Program.compile(List.of(x.log()), TestExecution.get())) {
            program.feed(x, values(-1, -1, -1, -1, -1, -1));
            assertThat(program.run().getFirst().toFloats()).containsOnly(Float.NaN);
        }
    }

    private static Tensor layer(Tensor in) {
        return in.sqrt();
    }

    /** The property also tells where a node is built: here, in a layer that another method builds. */
    @Test
    void thePropertyChecksAllProgramsAndNamesTheSource() {
        System.setProperty(PROPERTY, "true");
        try {
            Tensor root = layer(x);
            try (Program program = Program.compile(List.of(root.sum()), TestExecution.get())) {
                program.feed(x, values(1, 1, 1, 1, 1, -1));
                assertThatThrownBy(program::run)
                        .isInstanceOf(ArithmeticException.class)
                        .hasMessageMatching(
                                ".*; built at .*NanCheckTest\\.layer\\(NanCheckTest\\.java:\\d+\\), called from"
                                        + " .*NanCheckTest\\.thePropertyChecks.*");
            }
            // The derivative of the root is NaN where the root is; the root itself is not needed otherwise.
            Tensor y = Tensor.variable("y", TensorData.of(Shape.of(1), 0));
            Tensor quotient = layer(y).div(y.mul(y));
            Tensor gradient = Gradients.of(
                            Tensor.where(y.equalTo(y), quotient, y).sum(), List.of(y))
                    .getFirst();
            assertThatThrownBy(() -> gradient.evaluate(TestExecution.get()))
                    .isInstanceOf(ArithmeticException.class)
                    .hasMessageContaining("NanCheckTest.");
        } finally {
            System.clearProperty(PROPERTY);
        }
        try (Program program = Program.compile(List.of(layer(x)), TestExecution.get())) {
            program.feed(x, values(-1, 1, 1, 1, 1, 1));
            assertThat(program.run().getFirst().toFloats()[0]).isNaN();
        }
    }

    @Test
    void gradientsNameWhatTheyAreGradientsOf() {
        System.setProperty(PROPERTY, "true");
        try {
            Tensor y = Tensor.variable("y", TensorData.of(Shape.of(1), 0));
            Tensor gradient = Gradients.of(layer(y), List.of(y)).getFirst();
            assertThat(gradient.site())
                    .startsWith("gradient of what was built at")
                    .contains("NanCheckTest.layer(");
            Tensor second = Gradients.of(gradient, List.of(y)).getFirst();
            assertThat(second.site())
                    .startsWith("gradient of what was built at")
                    .contains("NanCheckTest.layer(");
        } finally {
            System.clearProperty(PROPERTY);
        }
        assertThat(layer(x).site()).isNull();
    }
}
