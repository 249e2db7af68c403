package io.llm2clip.tensor.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KernelTimesTest {
    private static final Pattern ROW = Pattern.compile(
            "^ +([\\d,.]+) +([\\d.]+)% +(\\d+) +([\\d,.]+) +([\\d.]+) +([\\d.]+)  (.+)$", Pattern.MULTILINE);

    private final Tensor x = Tensor.input("x", Shape.of(40, 24), DType.F32);
    private final Tensor w = Tensor.variable("w", TensorData.allocate(Shape.of(16, 24), DType.F32));
    private final Tensor once = x.matmulTransposed(w).softmax().matmul(w);
    private final Tensor twice = once.matmulTransposed(w);

    private static List<MatchResult> rows(Program program) {
        return ROW.matcher(program.explain()).results().toList();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void explainHasTheTimeOfEachKindOfKernel(boolean cpu) {
        Device device = cpu ? Device.cpu() : Device.emulated(1 << 20);
        try (device;
                // What is handed out is read by rows, as the input is.
                Program program = Program.compile(
                        List.of(once, twice), new Execution(device, ProgramOptions.DEFAULT.withKernelTimes()))) {
            assertThat(program.explain()).contains("0.000 ms in kernels, medians of 0 runs");
            program.feed(x, TensorData.allocate(x.shape(), DType.F32));
            program.run();
            assertThat(program.explain()).contains(" ms in kernels, medians of 1 run\n");
            program.run();
            assertThat(program.explain())
                    .startsWith("Program for ")
                    .contains(" ms in kernels, medians of 2 runs\n")
                    .contains("4 kernels, ");
            List<MatchResult> rows = rows(program);
            assertThat(rows)
                    .as(program.explain())
                    .extracting(row -> row.group(7))
                    .satisfiesOnlyOnce(name -> assertThat(name).contains("Softmax"))
                    .satisfiesOnlyOnce(name -> assertThat(name).contains("[40, 16] x [16, 24]"))
                    .satisfiesOnlyOnce(name -> assertThat(name).contains("[40, 24] x [24, 16], dense by transposed"))
                    .hasSize(3);
            assertThat(rows.stream().mapToInt(row -> Integer.parseInt(row.group(3))))
                    .as("two products are of one kind")
                    .containsExactlyInAnyOrder(1, 1, 2);
            assertThat(rows.stream()
                            .mapToDouble(row -> Double.parseDouble(row.group(2)))
                            .sum())
                    .isBetween(99.0, 101.0);
        }
    }

    @Test
    void withoutThemThereAreNone() {
        try (Program program = Program.compile(List.of(twice), Execution.cpu())) {
            assertThat(program.explain()).doesNotContain("in kernels").contains("4 kernels, ");
        }
    }

    @Test
    void checksForNanGoOn() {
        ProgramOptions options = ProgramOptions.DEFAULT.withKernelTimes().withNanCheck();
        assertThat(options).isEqualTo(ProgramOptions.DEFAULT.withNanCheck().withKernelTimes());
        try (Program program = Program.compile(List.of(x.log()), new Execution(Device.cpu(), options))) {
            program.feed(x, TensorData.of(x.shape(), new float[x.shape().size()]));
            program.run();
            float[] negative = new float[x.shape().size()];
            negative[7] = -1;
            program.feed(x, TensorData.of(x.shape(), negative));
            assertThatThrownBy(program::run).isInstanceOf(ArithmeticException.class);
            assertThat(program.explain()).contains("medians of 2 runs");
        }
    }
}
