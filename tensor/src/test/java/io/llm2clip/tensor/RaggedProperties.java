package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.GradientProperties.Case;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;

/** Sequences of any lengths one behind the other: each is what it is alone, and rows between them are nobody's. */
public class RaggedProperties {
    private static final int HEADS = 4;
    private static final int KEY_VALUE_HEADS = 2;
    private static final int SIZE = 5;
    private static final float SCALE = 0.4f;

    /** Rows of q, k and v: random, and NaN where they belong to no sequence. */
    private record Rows(Tensor q, Tensor k, Tensor v) {
        static Rows random(long seed, int rows, int start, int end) {
            SplittableRandom random = new SplittableRandom(seed);
            return new Rows(
                    rows(random, rows, HEADS * SIZE, start, end),
                    rows(random, rows, KEY_VALUE_HEADS * SIZE, start, end),
                    rows(random, rows, KEY_VALUE_HEADS * SIZE, start, end));
        }

        private static Tensor rows(SplittableRandom random, int rows, int columns, int start, int end) {
            float[] values = new float[rows * columns];
            for (int i = 0; i < values.length; i++) {
                boolean inside = i >= start * columns && i < end * columns;
                values[i] = inside ? (float) random.nextDouble(-2, 2) : Float.NaN;
            }
            return Tensor.variable("rows", TensorData.of(Shape.of(rows, columns), values));
        }

        Rows slice(int from, int to) {
            return new Rows(q.slice(0, from, to), k.slice(0, from, to), v.slice(0, from, to));
        }

        Tensor ragged(Tensor offsets, boolean causal) {
            return Tensor.raggedAttention(q, k, v, offsets, HEADS, KEY_VALUE_HEADS, SCALE, causal);
        }

        /** As one padded sequence. */
        Tensor alone(boolean causal) {
            int length = q.shape().dim(0);
            return Tensor.attention(
                            q.reshape(1, length, HEADS * SIZE),
                            k.reshape(1, length, KEY_VALUE_HEADS * SIZE),
                            v.reshape(1, length, KEY_VALUE_HEADS * SIZE),
                            ints("lengths", length),
                            HEADS,
                            KEY_VALUE_HEADS,
                            SCALE,
                            causal)
                    .reshape(length, HEADS * SIZE);
        }

        List<Tensor> all() {
            return List.of(q, k, v);
        }
    }

    private static Tensor ints(String name, int... values) {
        return Tensor.variable(name, TensorData.ofInts(Shape.of(values.length), values));
    }

    /** Values and gradients, whatever stands in the rows of no sequence. */
    @Property(tries = 60)
    void aSequenceAmongOthersIsWhatItIsAlone(
            @ForAll("lengths") List<Integer> lengths,
            @ForAll @IntRange(max = 5) int before,
            @ForAll @IntRange(max = 20) int behind,
            @ForAll boolean causal,
            @ForAll long seed) {
        int[] offsets = new int[lengths.size() + 1];
        offsets[0] = before;
        for (int s = 0; s < lengths.size(); s++) {
            offsets[s + 1] = offsets[s] + lengths.get(s);
        }
        int end = offsets[lengths.size()];
        Rows rows = Rows.random(seed, end + behind, before, end);
        List<float[]> together = valuesAndGradients(rows, rows.ragged(ints("offsets", offsets), causal));
        for (float[] result : together) {
            int columns = result.length / Math.max(1, end + behind);
            assertThat(Arrays.copyOf(result, before * columns)).isEqualTo(new float[before * columns]);
            assertThat(Arrays.copyOfRange(result, end * columns, result.length)).isEqualTo(new float[behind * columns]);
        }
        for (int s = 0; s < lengths.size(); s++) {
            if (lengths.get(s) > 0) {
                Rows one = rows.slice(offsets[s], offsets[s + 1]);
                List<float[]> alone = valuesAndGradients(one, one.alone(causal));
                for (int i = 0; i < alone.size(); i++) {
                    int columns = alone.get(i).length / lengths.get(s);
                    float[] found = Arrays.copyOfRange(together.get(i), offsets[s] * columns, offsets[s + 1] * columns);
                    GradientProperties.assertClose("result " + i + " of sequence " + s, found, alone.get(i), 1e-6f);
                }
            }
        }
    }

    private static List<float[]> valuesAndGradients(Rows rows, Tensor out) {
        List<Tensor> outputs = new ArrayList<>(Gradients.of(out, out.sin(), rows.all()));
        outputs.addFirst(out);
        try (Program program = Program.compile(outputs, TestExecution.get())) {
            return program.run().stream().map(TensorData::toFloats).toList();
        }
    }

    @Provide
    Arbitrary<List<Integer>> lengths() {
        return Arbitraries.frequencyOf(
                        Tuple.of(1, Arbitraries.just(0)),
                        Tuple.of(6, Arbitraries.integers().between(1, 12)),
                        Tuple.of(1, Arbitraries.integers().between(45, 60)))
                .list()
                .ofMinSize(1)
                .ofMaxSize(6);
    }

    @Property(tries = 60)
    void gradientsOfBothOrdersAgreeWithCentralDifferences(
            @ForAll("cases") Case test, @ForAll @IntRange(max = 10_000) int seed) {
        GradientProperties.check(test, seed);
        GradientProperties.checkSecondOrder(test, seed);
    }

    @Provide
    Arbitrary<Case> cases() {
        Tensor segments = ints("segments", 2, 0, 0, 3, 2);
        Arbitrary<Case> sums = Arbitraries.just(new Case(
                "segment sums",
                List.of(Shape.of(5, 3)),
                false,
                in -> in.getFirst().segmentSum(segments, 4).square()));
        Arbitrary<Case> attention = Combinators.combine(
                        Arbitraries.of(
                                new int[] {0, 3}, new int[] {0, 2, 3, 5}, new int[] {1, 1, 4, 4, 5}, new int[] {2}),
                        Arbitraries.of(1, 2),
                        Arbitraries.of(true, false))
                .as((offsets, group, causal) -> {
                    int rows = 5;
                    Shape keys = Shape.of(rows, 2 * 3);
                    Tensor operand = ints("offsets", offsets);
                    return new Case(
                            "ragged attention " + Arrays.toString(offsets) + " group " + group,
                            List.of(Shape.of(rows, 2 * group * 3), keys, keys),
                            false,
                            in -> Tensor.raggedAttention(
                                    in.get(0), in.get(1), in.get(2), operand, 2 * group, 2, 0.6f, causal));
                });
        return Arbitraries.oneOf(attention, attention, sums);
    }

    @Example
    void segmentsAreAddedUpInOrder() {
        Tensor rows = Tensor.variable("rows", TensorData.of(Shape.of(4, 2), 1, 10, 2, 20, 3, 30, 4, 40));
        Tensor sums = rows.segmentSum(ints("segments", 1, 3, 1, 0), 5);
        assertThat(sums.shape()).isEqualTo(Shape.of(5, 2));
        assertThat(sums.evaluate(TestExecution.get()).toFloats()).containsExactly(4, 40, 4, 40, 0, 0, 2, 20, 0, 0);
    }

    /** On every device, and before anything is computed. */
    @Example
    void offsetsThatDescendAreRefused() {
        Rows rows = Rows.random(1, 6, 0, 6);
        Tensor offsets = Tensor.input("offsets", Shape.of(4), DType.I32);
        try (Program program = Program.compile(List.of(rows.ragged(offsets, false)), TestExecution.get())) {
            for (int[] wrong : new int[][] {{0, 4, 3, 6}, {0, 4, 7, 6}, {-1, 4, 5, 6}}) {
                program.feed(offsets, TensorData.ofInts(Shape.of(4), wrong));
                assertThatThrownBy(program::run)
                        .isInstanceOf(IndexOutOfBoundsException.class)
                        .hasMessageMatching("Attention: offsets\\[\\d\\] is -?\\d, expected \\d to 6; q is .*,"
                                + " offsets is 'offsets' I32 \\[4\\]\\.");
            }
            program.feed(offsets, TensorData.ofInts(Shape.of(4), 0, 2, 2, 6));
            assertThat(program.run().getFirst().toFloats()).doesNotContain(Float.NaN);
        }
    }
}
