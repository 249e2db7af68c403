package io.llm2clip.data;

import io.llm2clip.tensor.machine.InnerProducts;
import io.llm2clip.tensor.machine.Processor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Vectors as cosines see them, each divided by its length; vectors of zeros stay, whose cosines are 0. A cosine is computed in double precision, always in the same
 * order, and rounded to f32: the same bits on every machine, and equal ones where the difference is below what f32 can tell.
 */
public final class UnitVectors implements InnerProducts.Vectors {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    /** What shorter vectors are divided by. */
    private static final double LEAST = 1e-12;
    /** Sums that are added to in turn. */
    private static final int SUMS = 4;

    private static final int BLOCK = 256;

    private final FloatMatrix vectors;
    private final double[] scales;

    /**
     * Of the rows of a matrix, which must not change meanwhile.
     *
     * @param role what they are, for messages
     * @throws InputException if a value is not finite
     */
    public UnitVectors(FloatMatrix vectors, String role) {
        this.vectors = vectors;
        scales = new double[vectors.rows()];
        Processor.parallel(scales.length, BLOCK, i -> {
            double squares = product(vectors, i, vectors, i);
            scales[i] = Double.isFinite(squares) ? 1 / Math.max(Math.sqrt(squares), LEAST) : Double.NaN;
        });
        for (int i = 0; i < scales.length; i++) {
            if (Double.isNaN(scales[i])) {
                throw new InputException(
                        "The embedding of %s %d is not finite; the model that made it is broken.".formatted(role, i));
            }
        }
    }

    @Override
    public int count() {
        return vectors.rows();
    }

    @Override
    public int width() {
        return vectors.columns();
    }

    @Override
    public void copy(int from, int count, MemorySegment target) {
        float[] values = new float[width()];
        for (int i = 0; i < count; i++) {
            vectors.copyRow(from + i, values);
            scale(values, scales[from + i]);
            MemorySegment.copy(values, 0, target, FLOAT, (long) i * width() * Float.BYTES, values.length);
        }
    }

    /** In f32, of which compilers make vector instructions, unless that has few digits of the scale. */
    private static void scale(float[] values, double scale) {
        float inFloats = (float) scale;
        if (inFloats >= Float.MIN_NORMAL) {
            for (int d = 0; d < values.length; d++) {
                values[d] *= inFloats;
            }
            return;
        }
        for (int d = 0; d < values.length; d++) {
            values[d] = (float) (values[d] * scale);
        }
    }

    /** The cosine between a vector of these and one of others of the same length. */
    public float cosine(int number, UnitVectors others, int other) {
        double cosine = product(vectors, number, others.vectors, other) * (scales[number] * others.scales[other]);
        // There is one 0 only, so that equal cosines compare as such.
        return (float) cosine + 0f;
    }

    /** The cosines {@code [these][others]}: one by one, so of few. */
    public float[][] cosines(UnitVectors others) {
        float[][] cosines = new float[count()][others.count()];
        Processor.parallel(cosines.length, number -> {
            for (int other = 0; other < cosines[number].length; other++) {
                cosines[number][other] = cosine(number, others, other);
            }
        });
        return cosines;
    }

    /**
     * By how much a cosine may differ at most from the same {@link InnerProducts inner product}, see {@link InnerProducts#error}; to which
     * its own rounding adds less than that has to spare.
     */
    public double tolerance() {
        return InnerProducts.error(width());
    }

    private static double product(FloatMatrix a, int rowOfA, FloatMatrix b, int rowOfB) {
        MemorySegment x = a.row(rowOfA);
        MemorySegment y = b.row(rowOfB);
        double sum0 = 0;
        double sum1 = 0;
        double sum2 = 0;
        double sum3 = 0;
        int d = 0;
        for (; d <= a.columns() - SUMS; d += SUMS) {
            sum0 += (double) x.getAtIndex(FLOAT, d) * y.getAtIndex(FLOAT, d);
            sum1 += (double) x.getAtIndex(FLOAT, d + 1) * y.getAtIndex(FLOAT, d + 1);
            sum2 += (double) x.getAtIndex(FLOAT, d + 2) * y.getAtIndex(FLOAT, d + 2);
            sum3 += (double) x.getAtIndex(FLOAT, d + 3) * y.getAtIndex(FLOAT, d + 3);
        }
        for (; d < a.columns(); d++) {
            sum0 += (double) x.getAtIndex(FLOAT, d) * y.getAtIndex(FLOAT, d);
        }
        return sum0 + sum1 + (sum2 + sum3);
    }
}
