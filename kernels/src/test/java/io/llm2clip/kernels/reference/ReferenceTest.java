package io.llm2clip.kernels.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.AllConversions;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.CrossEntropyOp;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.IndexOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.operations.SoftmaxOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.commons.math3.special.Erf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The reference against independent facts: library functions, hand-computed values, finite differences. */
class ReferenceTest {

    @Test
    void erfAgreesWithLibrary() {
        for (float x = -7; x <= 7; x += 0.037f) {
            float erf = run(elementwise(Opcode.ERF), new float[] {x}, new float[1])[0];
            assertThat((double) erf).isCloseTo(Erf.erf(x), within(6e-8));
        }
    }

    @Test
    void transposedViewIsCopied() {
        KernelOp transpose = new Elementwise(Expression.IDENTITY, List.of(3, 2), List.of(List.of(1, 3)));
        assertThat(run(transpose, new float[] {0, 1, 2, 3, 4, 5}, new float[6])).containsExactly(0, 3, 1, 4, 2, 5);
    }

    /** Byte for byte as GGUF stores them. */
    @Test
    void quantizedElementsAreReadFromTheirBlocks() {
        byte[] q8 = new byte[68];
        q8[34 + 1] = 0x38; // 0.5
        q8[34 + 2] = 3;
        q8[34 + 33] = -128;
        StoredElements eight = new StoredElements(DType.Q8, MemorySegment.ofArray(q8));
        assertThat(eight.get(31)).isZero();
        assertThat(eight.get(32)).isEqualTo(1.5f);
        assertThat(eight.get(63)).isEqualTo(-64f);
        byte[] q4 = new byte[36];
        q4[18 + 1] = (byte) 0xB8; // -0.5
        q4[18 + 2] = (byte) 0xF0;
        q4[18 + 17] = 0x29;
        StoredElements four = new StoredElements(DType.Q4, MemorySegment.ofArray(q4));
        assertThat(four.get(32)).as("low nibble 0").isEqualTo(4f);
        assertThat(four.get(48)).as("high nibble 15").isEqualTo(-3.5f);
        assertThat(four.get(47)).as("low nibble 9").isEqualTo(-0.5f);
        assertThat(four.get(63)).as("high nibble 2").isEqualTo(3f);
    }

    @Test
    void formatsCountBytesByBlocks() {
        assertThat(DType.BF16.bytes(3L)).isEqualTo(6);
        assertThat(DType.Q8.bytes(64)).isEqualTo(68);
        assertThat(DType.Q4.bytes(1L << 36)).isEqualTo(18L << 31);
        assertThatThrownBy(() -> DType.Q8.bytes(33))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("33 elements of Q8, expected a multiple of 32; pad the rows, or use a dense format.");
        assertThatThrownBy(DType.Q4::bytes)
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage("An element of Q4 has no bytes of its own; ask for the bytes of whole blocks.");
    }

    @Test
    void operandsOfAMatmulAreChecked() {
        assertThatThrownBy(() -> Matmul.dense(1, 2, 3, 33, false, true, DType.Q8))
                .hasMessage("Matmul: Q8 rows of whole blocks of 32 expected, found 33.");
        assertThatThrownBy(() -> Matmul.dense(1, 2, 3, 4, false, true, DType.I32))
                .hasMessage("Matmul: an operand of [F32, BF16, F16, Q8, Q4, Q4_1] expected, found I32.");
        Matmul op = Matmul.dense(1, 2, 3, 4, false, true);
        Packing other = new Packing("some", DType.F32, 3, 5, 8, 160);
        assertThatThrownBy(() -> op.withB(op.b().packed(other)))
                .hasMessage("Matmul: a packing of F32 [4, 3] expected, found " + other + ".");
    }

    @Test
    void productOfKnownMatrices() {
        KernelOp matmul = Matmul.dense(1, 2, 2, 3, false, true);
        float[] out = run(matmul, new float[] {1, 2, 3, 4, 5, 6}, new float[] {7, 8, 9, 10, 11, 12}, new float[4]);
        assertThat(out).containsExactly(50, 68, 122, 167);
    }

    @Test
    void normalizedRowHasMeanZeroAndVarianceOne() {
        float[] out = run(
                new NormOp.LayerNorm(1, 4, 0),
                new float[] {1, 2, 3, 6},
                new float[] {1, 1, 1, 1},
                new float[4],
                new float[4]);
        assertThat(out[0] + out[1] + out[2] + out[3]).isCloseTo(0, within(1e-6f));
        assertThat(out[0] * out[0] + out[1] * out[1] + out[2] * out[2] + out[3] * out[3])
                .isCloseTo(4, within(1e-5f));
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void conversionsAreThePlatforms(DType type) {
        AllConversions.check(type, Reference::run);
    }

    @Test
    void queryWithoutKeysYieldsZero() {
        AttentionShape shape = new AttentionShape(1, 1, 2, 1, 1, 1, 1, false);
        MemorySegment[] operands = {
            MemorySegment.ofArray(new float[] {1}), MemorySegment.ofArray(new float[] {1, 2}),
            MemorySegment.ofArray(new float[] {3, 4}), MemorySegment.ofArray(new int[] {0}),
            MemorySegment.ofArray(new float[] {9})
        };
        Reference.run(new AttentionOp.Attention(shape), operands);
        assertThat(new Floats(operands[4]).get(0)).isZero();
    }

    @Test
    void rowsOfNoSequenceYieldZero() {
        AttentionShape shape = AttentionShape.ragged(3, 6, 1, 1, 1, 1, false);
        MemorySegment[] operands = {
            MemorySegment.ofArray(new float[6]),
            MemorySegment.ofArray(new float[6]),
            MemorySegment.ofArray(new float[] {Float.NaN, 1, 2, 3, 8, Float.NaN}),
            MemorySegment.ofArray(new int[] {1, 4, 4, 5}),
            MemorySegment.ofArray(new float[] {9, 9, 9, 9, 9, 9})
        };
        Reference.run(new AttentionOp.Attention(shape), operands);
        // Equal scores: each is the mean of its sequence.
        assertThat(operands[4].toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)).containsExactly(0, 2, 2, 2, 8, 0);
    }

    @Test
    void gradientsAgreeWithFiniteDifferences() {
        checkGradient(
                new NormOp.LayerNorm(3, 5, 1e-3f),
                new NormOp.LayerNormGradient(3, 5, 1e-3f),
                new int[] {0, 1, 2},
                0,
                1);
        checkGradient(new NormOp.RmsNorm(3, 5, 1e-3f), new NormOp.RmsNormGradient(3, 5, 1e-3f), new int[] {0, 1}, 0, 1);
        for (boolean causal : new boolean[] {false, true}) {
            List<AttentionShape> shapes = List.of(
                    new AttentionShape(2, 3, 3, 4, 2, 5, 0.7f, causal),
                    AttentionShape.ragged(3, 8, 4, 2, 5, 0.7f, causal));
            for (AttentionShape shape : shapes) {
                checkGradient(
                        new AttentionOp.Attention(shape),
                        new AttentionOp.AttentionGradient(shape),
                        new int[] {0, 1, 2},
                        0,
                        1,
                        2,
                        3);
            }
        }
        checkGradient(
                new CrossEntropyOp.CrossEntropy(3, 5),
                new CrossEntropyOp.CrossEntropyGradient(3, 5),
                new int[] {0},
                0,
                1);
    }

    @Test
    void sizesAndIndicesAreChecked() {
        assertThatThrownBy(() -> run(new SoftmaxOp.Softmax(2, 3), new float[6], new float[5]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("24 bytes for operand 'out', found 20");
        assertThatThrownBy(() -> run(new SoftmaxOp.Softmax(2, 3), new float[6]))
                .hasMessageContaining("2 operands, found 1");
        MemorySegment[] operands = {
            MemorySegment.ofArray(new float[4]),
            MemorySegment.ofArray(new int[] {2}),
            MemorySegment.ofArray(new float[2])
        };
        assertThatThrownBy(() -> Reference.run(new IndexOp.Gather(1, 2, 2), operands))
                .isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessageContaining("index[0] is 2, expected 0 to 1");
    }

    /**
     * Compares a gradient kernel, whose operands are some of the forward's, the output's gradient, and then a gradient for each
     * differentiated operand, with central differences of {@code sum(dout * out)}.
     */
    private static void checkGradient(KernelOp forward, KernelOp gradient, int[] differentiated, int... shared) {
        Random random = new Random(1);
        List<Operand> operands = forward.operands();
        MemorySegment[] inputs = new MemorySegment[operands.size()];
        for (int i = 0; i < inputs.length; i++) {
            Operand operand = operands.get(i);
            Operand.Bounds bounds = operand.bounds();
            if (bounds == null) {
                inputs[i] = random(random, operand);
            } else {
                int end = bounds.ascending() ? bounds.most() + 1 : 4;
                IntStream indices = random.ints(operand.elements(), 1, end);
                inputs[i] = MemorySegment.ofArray((bounds.ascending() ? indices.sorted() : indices).toArray());
            }
        }
        MemorySegment dout = random(random, operands.getLast());
        List<Operand> results = gradient.results();
        assertThat(results).hasSameSizeAs(differentiated);
        MemorySegment[] backward = new MemorySegment[shared.length + 1 + results.size()];
        for (int i = 0; i < shared.length; i++) {
            backward[i] = inputs[shared[i]];
        }
        backward[shared.length] = dout;
        for (int i = 0; i < results.size(); i++) {
            backward[shared.length + 1 + i] =
                    MemorySegment.ofArray(new float[(int) results.get(i).elements()]);
        }
        Reference.run(gradient, backward);
        for (int result = 0; result < differentiated.length; result++) {
            int input = differentiated[result];
            Floats x = new Floats(inputs[input]);
            Floats found = new Floats(backward[shared.length + 1 + result]);
            for (long i = 0; i < operands.get(input).elements(); i++) {
                float original = x.get(i);
                x.set(i, original + 0.01);
                double above = loss(forward, inputs, dout);
                x.set(i, original - 0.01);
                double below = loss(forward, inputs, dout);
                x.set(i, original);
                assertThat((double) found.get(i))
                        .as("%s: gradient of operand %d at %d", forward, input, i)
                        .isCloseTo((above - below) / 0.02, within(2e-3));
            }
        }
    }

    private static double loss(KernelOp forward, MemorySegment[] operands, MemorySegment dout) {
        Reference.run(forward, operands);
        double loss = 0;
        for (long i = 0; i < forward.operands().getLast().elements(); i++) {
            loss += (double) new Floats(operands[operands.length - 1]).get(i) * new Floats(dout).get(i);
        }
        return loss;
    }

    private static MemorySegment random(Random random, Operand operand) {
        float[] values = new float[(int) operand.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return MemorySegment.ofArray(values);
    }

    private static KernelOp elementwise(Opcode opcode) {
        return new Elementwise(
                new Expression(1, List.of(Instruction.unary(opcode, 0))), List.of(1), List.of(List.of(1)));
    }

    private static float[] run(KernelOp op, float[]... operands) {
        Reference.run(op, Arrays.stream(operands).map(MemorySegment::ofArray).toArray(MemorySegment[]::new));
        return operands[operands.length - 1];
    }

    /** Whether compiled code goes the way over double or not. */
    @Test
    void aNanIsWrittenAsAQuietOne() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment segment = arena.allocate(4, 4);
            for (int signaling : new int[] {0x7F80_0001, 0xFF81_0000, 0x7FA0_0003}) {
                new StoredElements(DType.F32, segment).set(0, Float.intBitsToFloat(signaling));
                assertThat(segment.get(ValueLayout.JAVA_INT, 0)).isEqualTo(signaling | 0x0040_0000);
            }
        }
    }
}
