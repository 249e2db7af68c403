package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.IndexException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** An index out of range is said with the tensor that it is in, by the compiled program and by the interpreter. */
class IndexErrorsTest {
    private static final Tensor TABLE = Tensor.variable("tokens", TensorData.of(Shape.of(3, 2), 1, 2, 3, 4, 5, 6));

    private final Tensor ids = Tensor.input("ids", Shape.of(2, 2), DType.I32);

    private static void assertRefused(
            Tensor output, Tensor input, TensorData value, String compiled, String interpreted) {
        try (Program program = Program.compile(List.of(output), Execution.cpu())) {
            program.feed(input, value);
            assertThatThrownBy(program::run).isInstanceOf(IndexException.class).hasMessage(compiled);
            assertThatThrownBy(program::run).as("again").hasMessage(compiled);
        }
        assertThatThrownBy(() -> Interpreter.evaluate(List.of(output), Map.of(input, value)))
                .isInstanceOf(IndexException.class)
                .hasMessage(interpreted);
    }

    @Test
    void gatherNamesInputAndTable() {
        String message =
                "Gather: index[2] is -1, expected 0 to 2; table is 'tokens' F32 [3, 2], index is 'ids' I32 [2, 2].";
        assertRefused(TABLE.gather(ids), ids, TensorData.ofInts(ids.shape(), 0, 2, -1, 3), message, message);
    }

    /** Where the table's row is an index from 0, a gradient adds to it: the same index is wrong in both. */
    @Test
    void theGradientOfGatherNamesThem() {
        Tensor table = Tensor.variable("tokens", TensorData.allocate(Shape.of(3, 2), DType.F32));
        Tensor seed = Tensor.full(1, Shape.of(2, 2, 2));
        Tensor gradient = Gradients.of(table.gather(ids), seed, List.of(table)).getFirst();
        try (Program program = Program.compile(List.of(gradient), Execution.cpu())) {
            program.feed(ids, TensorData.ofInts(ids.shape(), 0, 3, 1, 1));
            assertThatThrownBy(program::run)
                    .hasMessage("ScatterAdd: index[1] is 3, expected 0 to 2; index is 'ids' I32 [2, 2].");
        }
    }

    @Test
    void crossEntropyNamesTargets() {
        Tensor labels = Tensor.input("labels", Shape.of(2), DType.I32);
        Tensor logits = Tensor.variable("logits", TensorData.allocate(Shape.of(2, 5), DType.F32));
        String message = "CrossEntropy: target[1] is 5, expected -1 to 4; logits is 'logits' F32 [2, 5],"
                + " target is 'labels' I32 [2].";
        assertRefused(logits.crossEntropy(labels), labels, TensorData.ofInts(labels.shape(), -1, 5), message, message);
    }

    @Test
    void attentionNamesLengths() {
        Tensor lengths = Tensor.input("lengths", Shape.of(1), DType.I32);
        Tensor x = Tensor.variable("x", TensorData.allocate(Shape.of(1, 3, 4), DType.F32));
        Tensor attention = Tensor.attention(x, x.exp(), x, lengths, 2, 2, 1, false);
        String message = "Attention: lengths[0] is 4, expected 0 to 3; q is 'x' F32 [1, 3, 4], v is 'x' F32 [1, 3, 4],"
                + " lengths is 'lengths' I32 [1].";
        assertRefused(attention, lengths, TensorData.ofInts(lengths.shape(), 4), message, message);
        Tensor gradient =
                Gradients.of(attention, attention.stopGradient(), List.of(x)).getFirst();
        try (Program program = Program.compile(List.of(gradient), Execution.cpu())) {
            program.feed(lengths, TensorData.ofInts(lengths.shape(), -2));
            assertThatThrownBy(program::run).hasMessageContaining("lengths is 'lengths' I32 [1]");
        }
    }

    /** Copies are followed to where they come from, other values to the kernel that computed them. */
    @Test
    void indicesThatAreNoInputAreNamedByWhereTheyComeFrom() {
        Tensor more = Tensor.variable("more", TensorData.ofInts(Shape.of(2, 2), 9, 0, 9, 0));
        Tensor joined = Tensor.concat(0, List.of(ids.transpose(0, 1), more));
        try (Program program = Program.compile(List.of(TABLE.gather(joined)), Execution.cpu())) {
            program.feed(ids, TensorData.ofInts(ids.shape(), 0, 1, 2, 0));
            assertThatThrownBy(program::run)
                    .hasMessageStartingWith(
                            "Gather: index[4] is 9, expected 0 to 2; table is 'tokens' F32 [3, 2], index is %")
                    .hasMessageContaining(" I32 [4, 2] of kernel 1 (Concat of ")
                    .hasMessageContaining(" of kernel 0 (Elementwise of 'ids' I32 [2, 2]), 'more' I32 [2, 2]).");
        }
        Tensor numbers = Tensor.input("numbers", Shape.of(2), DType.F32);
        Tensor computed = numbers.mul(2).cast(DType.I32);
        assertRefused(
                TABLE.gather(computed),
                numbers,
                TensorData.of(numbers.shape(), 1, 3.2f),
                "Gather: index[1] is 6, expected 0 to 2; table is 'tokens' F32 [3, 2], index is %0 I32 [2] of kernel 0"
                        + " (Elementwise).",
                "Gather: index[1] is 6, expected 0 to 2; table is 'tokens' F32 [3, 2], index is I32 [2].");
    }

    @Test
    void aRefusedIndexLeavesTheProgramUsable() {
        try (Program program = Program.compile(List.of(TABLE.gather(ids)), Execution.cpu())) {
            program.feed(ids, TensorData.ofInts(ids.shape(), 0, 1, 3, 0));
            assertThatThrownBy(program::run).isInstanceOf(IndexOutOfBoundsException.class);
            program.feed(ids, TensorData.ofInts(ids.shape(), 0, 1, 2, 0));
            assertThat(program.run().getFirst().toFloats()).containsExactly(1, 2, 3, 4, 5, 6, 1, 2);
        }
    }
}
