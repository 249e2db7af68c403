package io.llm2clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.tensor.machine.InnerProducts;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Random;
import java.util.concurrent.atomic.LongAdder;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class UnitVectorsTest {
    private static final MathContext DIGITS = new MathContext(60);

    private static FloatMatrix random(int count, int width, double length, Random random) {
        FloatMatrix matrix = FloatMatrix.allocate(count, width);
        for (int i = 0; i < count * width; i++) {
            matrix.memory().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (length * random.nextGaussian()));
        }
        return matrix;
    }

    private static BigDecimal product(float[] a, float[] b) {
        BigDecimal sum = BigDecimal.ZERO;
        for (int i = 0; i < a.length; i++) {
            sum = sum.add(new BigDecimal(a[i]).multiply(new BigDecimal(b[i])));
        }
        return sum;
    }

    @Property(tries = 50)
    void cosinesAreRight(@ForAll long seed, @ForAll @IntRange(min = 1, max = 50) int width) {
        var random = new Random(seed);
        FloatMatrix a = random(1, width, 1e20, random);
        FloatMatrix b = random(1, width, 1e-3, random);
        float[] x = a.toArray(0);
        float[] y = b.toArray(0);
        BigDecimal right =
                product(x, y).divide(product(x, x).multiply(product(y, y)).sqrt(DIGITS), DIGITS);
        UnitVectors first = new UnitVectors(a, "image");
        UnitVectors second = new UnitVectors(b, "caption");
        assertThat(first.cosine(0, second, 0)).isEqualTo(right.floatValue());
        assertThat(second.cosine(0, first, 0)).isEqualTo(right.floatValue());
        assertThat(first.cosines(second)).isDeepEqualTo(new float[][] {{right.floatValue()}});
    }

    /** What exact ranking depends on. Vectors of one sign have the greatest errors. */
    @Property(tries = 30)
    void innerProductsAreWithinTheTolerance(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 3000) int width, @ForAll boolean positive) {
        var random = new Random(seed);
        FloatMatrix vectors = random(70, width, positive ? 1e10 : 1e-10, random);
        for (int i = 0; positive && i < 70 * width; i++) {
            float value = vectors.memory().getAtIndex(ValueLayout.JAVA_FLOAT, i);
            vectors.memory().setAtIndex(ValueLayout.JAVA_FLOAT, i, Math.abs(value));
        }
        UnitVectors unit = new UnitVectors(vectors, "image");
        LongAdder seen = new LongAdder();
        InnerProducts.forEach(unit, unit, block -> {
            for (int r = 0; r < block.rows(); r++) {
                for (int c = 0; c < block.columns(); c++) {
                    double product = block.products().get(ValueLayout.JAVA_FLOAT, block.offset(r) + 4L * c);
                    assertThat(Math.abs(product - unit.cosine(block.row() + r, unit, block.column() + c)))
                            .isLessThan(unit.tolerance());
                    seen.increment();
                }
            }
        });
        assertThat(seen.sum()).isEqualTo(70 * 70);
        assertThat(unit.tolerance()).isLessThan((3 * width + 70) * 0x1p-24 + 0x1p-14);
    }

    @Example
    void zerosAndTheSignOfZero() {
        FloatMatrix vectors = FloatMatrix.of(new float[][] {{0, 0}, {1, 0}, {-1e-40f, 1e30f}});
        UnitVectors unit = new UnitVectors(vectors, "image");
        assertThat(unit.cosines(unit)[0]).containsExactly(0, 0, 0);
        // -1e-70 as f32.
        assertThat(Float.floatToRawIntBits(unit.cosine(1, unit, 2))).isZero();
        assertThat(unit.cosine(1, unit, 1)).isEqualTo(1);
    }

    @Example
    void whatIsNotFiniteIsNamed() {
        assertThatThrownBy(() -> new UnitVectors(FloatMatrix.of(new float[][] {{1, 2}, {Float.NaN, 0}}), "image"))
                .isInstanceOf(InputException.class)
                .hasMessage("The embedding of image 1 is not finite; the model that made it is broken.");
    }
}
