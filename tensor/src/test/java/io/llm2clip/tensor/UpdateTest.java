package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.SoftmaxOp;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What cannot be updated is refused, by name. */
class UpdateTest {
    private static final Tensor W = Tensor.variable("w", TensorData.of(Shape.of(3), 1, 2, 3));

    @Test
    void onlyVariablesOfTheValuesShapeAndTypeAreUpdated() {
        assertThatThrownBy(() -> Update.assign(W.exp(), W))
                .isInstanceOf(TensorException.class)
                .hasMessage("Update of F32 [3]: expected a variable, found a value of Pointwise[opcode=EXP];"
                        + " pass a Tensor.variable itself.");
        assertThatThrownBy(() -> Update.assign(W, W.reshape(3, 1)))
                .isInstanceOf(TensorException.class)
                .hasMessage(
                        "Update of variable 'w' F32 [3]: expected a value of the same shape and type, found F32 [3, 1];"
                                + " reshape, expand or cast it.");
        assertThatThrownBy(() -> Update.assign(W, W.cast(DType.I32))).hasMessageContaining("found I32 [3]");
        assertThatThrownBy(() -> Update.accumulate(W, W.reshape(3, 1))).hasMessageContaining("found F32 [3, 3]");
        Tensor quantized = Tensor.variable("q", TensorData.allocate(Shape.of(32), DType.Q8));
        assertThatThrownBy(() -> Update.assign(quantized, quantized))
                .isInstanceOf(TensorException.class)
                .hasMessageStartingWith("Update of variable 'q' Q8 [32]: expected elements of a dense type");
    }

    @Test
    void numbersOutOfRangeAreRefused() {
        assertThatThrownBy(() -> Update.clamp(W, 1, 0))
                .hasMessage("Update of variable 'w' F32 [3]: clamped from 1.0 to 0.0; expected the least first.");
        assertThatThrownBy(() -> Update.clamp(W, Float.NaN, 0)).isInstanceOf(TensorException.class);
        for (float bad : new float[] {-0.1f, 1.1f, Float.NaN}) {
            assertThatThrownBy(() -> Update.ema(W, W, bad))
                    .hasMessage("Update of variable 'w' F32 [3]: decay " + bad + "; expected one from 0 to 1.");
        }
    }

    @Test
    void kernelsThatYieldResultsAreNoUpdates() {
        assertThatThrownBy(() -> new Update.Kernel(new SoftmaxOp.Softmax(1, 3), List.of(W), List.of(W)))
                .isInstanceOf(TensorException.class)
                .hasMessage(
                        "Update by softmax, which yields results and updates nothing; expected a kernel that changes"
                                + " operands in place, use it as a node and assign what it yields.");
    }

    @Test
    void frozenElementsAreNotUpdated() {
        TensorData data = TensorData.of(Shape.of(1), 1);
        Tensor variable = Tensor.variable("v", data);
        Update update = Update.accumulate(variable, variable);
        try (Program program = Program.compile(List.of(), List.of(update), TestExecution.get())) {
            program.run();
            data.freeze();
            assertThatThrownBy(program::run)
                    .isInstanceOf(TensorException.class)
                    .hasMessage(
                            "A variable F32 [1] that this program updates: expected elements that may change, found them"
                                    + " frozen since it was compiled; freeze them after its last run.");
            assertThat(data.toFloats()).containsExactly(2);
        }
        String frozen = "Update of variable 'v' F32 [1]: expected elements that may change, found frozen ones;"
                + " update a copy, or load them to be trained.";
        assertThatThrownBy(() -> Update.assign(variable, Tensor.full(0, Shape.of(1))))
                .hasMessage(frozen);
        assertThatThrownBy(() -> Program.compile(List.of(), List.of(update), TestExecution.get()))
                .hasMessage(frozen);
    }

    @Test
    void aVariableHasOneUpdateInAProgram() {
        Tensor again = Tensor.variable("again", ((Operation.Variable) W.operation()).data());
        List<Update> twice = List.of(Update.assign(W, W.exp()), Update.assign(again, W));
        assertThatThrownBy(() -> Program.compile(List.of(), twice, TestExecution.get()))
                .isInstanceOf(TensorException.class)
                .hasMessage("Update of variable 'again' F32 [3]: expected one in a program, found two;"
                        + " combine them, or run two programs.");
    }

    @Test
    void memoryOfTwoVariablesIsNotUpdated() {
        try (Arena arena = Arena.ofConfined()) {
            TensorData whole = TensorData.allocate(arena, Shape.of(4), DType.F32);
            TensorData half =
                    new TensorData(Shape.of(2), DType.F32, whole.segment().asSlice(8));
            Tensor a = Tensor.variable("a", whole);
            Tensor b = Tensor.variable("b", half);
            assertThatThrownBy(() ->
                            Program.compile(List.of(b.exp()), List.of(Update.assign(a, a.exp())), Execution.cpu()))
                    .isInstanceOf(TensorException.class)
                    .hasMessage(
                            "Update of variable 'a' F32 [4]: expected memory of its own, found that of variable 'b' too;"
                                    + " make both from one TensorData, or copy one.");
        }
    }

    @Test
    void freedMemoryIsAnErrorNotACrash() {
        Program program;
        try (Arena arena = Arena.ofShared()) {
            Tensor v = Tensor.variable("v", TensorData.allocate(arena, Shape.of(4), DType.F32));
            program =
                    Program.compile(List.of(), List.of(Update.assign(v, Tensor.full(1, Shape.of(4)))), Execution.cpu());
            program.run();
        }
        assertThatThrownBy(program::run)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("A variable F32 [4] was freed while a program still reads it; close the program first.");
        program.close();
        assertThatThrownBy(program::run)
                .hasMessage("The program of 0 outputs and 1 updates is closed; compile it again.");
    }
}
