package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.reference.StoredElements;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** A weight in any stored format multiplies as the f32 weight of the same values does, forwards and backwards. */
class TypedMatmulProperties {

    @Provide
    Arbitrary<DType> formats() {
        return Arbitraries.of(MatrixOperand.FORMATS);
    }

    @Property(tries = 100)
    void formatsMultiplyAsTheirValues(
            @ForAll("formats") DType format,
            @ForAll @IntRange(min = 1, max = 5) int rows,
            @ForAll @IntRange(min = 1, max = 40) int out,
            @ForAll @IntRange(min = 1, max = 3) int blocks,
            @ForAll boolean transposeX,
            @ForAll long seed) {
        Random random = new Random(seed);
        int in = 32 * blocks;
        TensorData stored = weight(format, out, in, random);
        Tensor weight = Tensor.variable("w", stored);
        Tensor same = Tensor.variable("v", values(stored));
        int batch = 1 + random.nextInt(2);
        Shape shape = transposeX ? Shape.of(1, in, rows) : Shape.of(batch, rows, in);
        Tensor x = Tensor.variable("x", floats(shape, random));
        Tensor found = multiply(x, weight, transposeX);
        Tensor expected = multiply(x, same, transposeX);
        List<Tensor> both = List.of(
                found,
                expected,
                Gradients.of(found.square().sum(), List.of(x)).getFirst(),
                Gradients.of(expected.square().sum(), List.of(x)).getFirst());
        try (Program program = Program.compile(both, TestExecution.get())) {
            List<TensorData> results = program.run();
            GradientProperties.assertClose(
                    "product", results.get(0).toFloats(), results.get(1).toFloats(), 1e-6f);
            GradientProperties.assertClose(
                    "gradient", results.get(2).toFloats(), results.get(3).toFloats(), 1e-5f);
            List<TensorData> interpreted = Interpreter.evaluate(both, Map.of());
            GradientProperties.assertClose(
                    "interpreted", results.get(2).toFloats(), interpreted.get(2).toFloats(), 1e-4f);
        }
    }

    /** Rows of a table are exactly its values. A table may be fed, too. */
    @Property(tries = 40)
    void formatsAreGatheredAsTheirValues(
            @ForAll("formats") DType format, @ForAll @IntRange(min = 1, max = 9) int rows, @ForAll long seed) {
        Random random = new Random(seed);
        TensorData stored = weight(format, rows, 64, random);
        Tensor fed = Tensor.input("table", stored.shape(), format);
        TensorData picked = TensorData.ofInts(Shape.of(4), rows - 1, 0, random.nextInt(rows), 0);
        Tensor index = Tensor.variable("index", picked);
        List<Tensor> gathered = List.of(
                Tensor.variable("t", stored).gather(index),
                fed.gather(index),
                Tensor.variable("v", values(stored)).gather(index));
        try (Program program = Program.compile(gathered, TestExecution.get())) {
            program.feed(fed, stored);
            List<TensorData> results = program.run();
            for (int i = 0; i < 2; i++) {
                assertThat(results.get(i).toFloats())
                        .containsExactly(results.getLast().toFloats());
            }
        }
    }

    private static Tensor multiply(Tensor x, Tensor weight, boolean transposeX) {
        int out = weight.shape().dim(0);
        int in = weight.shape().dim(1);
        // A transposed first operand has batches that the second one must have, too.
        return transposeX && !weight.dtype().isQuantized()
                ? x.matmul(weight.reshape(1, out, in), true, true)
                : transposeX ? x.transpose(1, 2).matmulTransposed(weight) : x.matmulTransposed(weight);
    }

    @Example
    void gradientsOfStoredWeightsAreRefusedWhereAsked() {
        Random random = new Random(1);
        Tensor x = Tensor.variable("x", floats(Shape.of(2, 32), random));
        Tensor weight = Tensor.variable("w", weight(DType.BF16, 3, 32, random));
        Tensor loss = x.matmulTransposed(weight).sum();
        assertThat(Gradients.of(loss, List.of(x))).hasSize(1);
        assertThatThrownBy(() -> Gradients.of(loss, List.of(x, weight)))
                .isInstanceOf(TensorException.class)
                .hasMessage(
                        "Gradient of matmul with respect to 'w' BF16 [3, 32]; expected elements of type F32, keep weights that are trained in F32.");
        Tensor master = Tensor.variable("m", floats(Shape.of(3, 32), random));
        Tensor rounded = x.matmulTransposed(master.cast(DType.BF16)).sum();
        assertThatThrownBy(() -> Gradients.of(rounded, List.of(master)))
                .as("not a silent zero")
                .isInstanceOf(TensorException.class)
                .hasMessageContaining("Gradient of matmul with respect to");
    }

    private static TensorData floats(Shape shape, Random random) {
        float[] values = new float[shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat(-1, 1);
        }
        return TensorData.of(shape, values);
    }

    private static TensorData weight(DType format, int out, int in, Random random) {
        TensorData data = TensorData.allocate(Shape.of(out, in), format);
        MemorySegment segment = data.segment();
        byte[] bits = new byte[(int) segment.byteSize()];
        random.nextBytes(bits);
        segment.copyFrom(MemorySegment.ofArray(bits));
        int step = (int) format.bytes((long) format.blockSize());
        for (int at = 0; at < bits.length; at += step) {
            float value = random.nextFloat(-1, 1);
            switch (format) {
                case F32 -> segment.set(ValueLayout.JAVA_FLOAT, at, value);
                case BF16 -> segment.set(ValueLayout.JAVA_SHORT, at, (short) (Float.floatToIntBits(value) >>> 16));
                default ->
                    segment.set(
                            ValueLayout.JAVA_SHORT_UNALIGNED,
                            at,
                            Float.floatToFloat16(format == DType.F16 ? value : value / 128));
            }
            if (format.hasMinimum()) {
                segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + Short.BYTES, Float.floatToFloat16(value / 8));
            }
        }
        return data;
    }

    private static TensorData values(TensorData stored) {
        StoredElements elements = new StoredElements(stored.dtype(), stored.readOnly());
        float[] values = new float[stored.shape().size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = elements.get(i);
        }
        return TensorData.of(stored.shape(), values);
    }
}
