package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A program that is planned only says what the program takes, and takes nothing. */
class PlannedProgramTest {
    @Test
    void itSaysWhatAProgramTakes() {
        Tensor x = Tensor.input("x", Shape.of(300, 200), DType.F32);
        Tensor unused = Tensor.input("unused", Shape.of(2), DType.F32);
        Tensor y = x.matmulTransposed(x).softmax().sum();
        Execution execution = TestExecution.get();
        Execution planned =
                new Execution(execution.device(), execution.options().asPlan());
        long before = EngineMemory.liveBytes();
        try (Program plan = Program.compile(List.of(y), planned)) {
            assertThat(EngineMemory.liveBytes()).isEqualTo(before);
            assertThat(plan.needs(x)).isTrue();
            assertThat(plan.needs(unused)).isFalse();
            assertThat(plan.explain()).contains("planned only").contains("[300, 300]");
            assertThat(plan)
                    .hasToString("Program planned for " + execution.device().name());
            assertThatThrownBy(() -> plan.feed(x, TensorData.allocate(x.shape(), DType.F32)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("This program is a plan only, which has no memory to run in; compile it without"
                            + " ProgramOptions.asPlan().");
            assertThatThrownBy(plan::run).isInstanceOf(IllegalStateException.class);
            try (Program program = Program.compile(List.of(y), execution)) {
                assertThat(plan.memory()).isEqualTo(program.memory());
                assertThat(plan.memory().total()).isGreaterThan(4 * (300 * 200 + 300 * 300));
                assertThat(plan.flops()).isEqualTo(program.flops()).isPositive();
                assertThat(EngineMemory.liveBytes()).isGreaterThan(before);
            }
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    /** Far more than any machine has. */
    @Test
    void itMayBeOfMoreThanThereIs() {
        Tensor x = Tensor.input("x", Shape.of(40_000, 50_000), DType.F32);
        List<Tensor> outputs = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            outputs.add(x.add(i).tanh());
        }
        Execution planned = new Execution(Device.cpu(), ProgramOptions.DEFAULT.asPlan());
        try (Program plan = Program.compile(outputs, planned)) {
            assertThat(plan.memory().pinned()).isEqualTo(41L * 4 * 40_000 * 50_000);
        }
    }
}
