package io.llm2clip.nn;

import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The angles of a rotary position embedding (Su et al. 2021), one row per position.
 *
 * @param cos cosines {@code [T, D/2]}
 * @param sin sines {@code [T, D/2]}
 * @param interleaved whether neighbouring channels form a pair (EVA02), or channels half a head apart (Llama)
 */
public record RotaryTable(Tensor cos, Tensor sin, boolean interleaved) {
    private static final double EVA_THETA = 10000;
    /** Side of the grid that EVA02 was pretrained on; positions of other grids are stretched to it. */
    private static final double EVA_PRETRAINED_SIDE = 16;

    /** How a model computes with positions beyond those of its pretraining. */
    public sealed interface Scaling {
        /**
         * The frequency that takes the place of {@code frequency}, both in radians per position.
         *
         * @param pair which pair of channels turns with it
         */
        double apply(int pair, double frequency);

        /** What cosines and sines are multiplied by. */
        double amplitude();
    }

    /**
     * Llama 3.1's stretching of low frequencies.
     *
     * @param factor what the lowest frequencies are divided by
     * @param lowFrequencyFactor wavelengths beyond {@code originalLength / lowFrequencyFactor} are divided fully
     * @param highFrequencyFactor wavelengths below {@code originalLength / highFrequencyFactor} are kept
     * @param originalLength context length of the pretraining
     */
    public record Llama3Scaling(
            double factor, double lowFrequencyFactor, double highFrequencyFactor, double originalLength)
            implements Scaling {
        public Llama3Scaling {
            boolean ordered = lowFrequencyFactor > 0
                    && highFrequencyFactor > lowFrequencyFactor
                    && Double.isFinite(highFrequencyFactor);
            if (!(ordered && factor >= 1 && factor <= 1e6 && originalLength >= 1 && originalLength <= 1e12)) {
                throw new IllegalArgumentException(
                        "Llama 3's rotary scaling by %s between %s and %s wavelengths in %s tokens; expected a factor of at least 1 and a lower and a higher number, such as 8, 1 and 4 in 8192."
                                .formatted(factor, lowFrequencyFactor, highFrequencyFactor, originalLength));
            }
        }

        @Override
        public double apply(int pair, double frequency) {
            return apply(frequency);
        }

        @Override
        public double amplitude() {
            return 1;
        }

        /** The same for every pair of channels. */
        public double apply(double frequency) {
            double wavelength = 2 * Math.PI / frequency;
            if (wavelength < originalLength / highFrequencyFactor) {
                return frequency;
            }
            if (wavelength > originalLength / lowFrequencyFactor) {
                return frequency / factor;
            }
            double smooth =
                    (originalLength / wavelength - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor);
            return (1 - smooth) * frequency / factor + smooth * frequency;
        }
    }

    /**
     * Phi-3's LongRoPE: a divisor for every frequency, one list of them for sequences within the length of the pretraining and one for
     * longer ones. Only the first is computed with.
     *
     * @param shortFactors for sequences of at most {@code originalLength}
     * @param longFactors for longer ones
     * @param originalLength context length of the pretraining
     * @param amplitude what cosines and sines are multiplied by
     */
    public record LongRope(List<Double> shortFactors, List<Double> longFactors, int originalLength, double amplitude)
            implements Scaling {
        public LongRope {
            shortFactors = List.copyOf(shortFactors);
            longFactors = List.copyOf(longFactors);
            if (!(amplitude > 0 && Double.isFinite(amplitude))) {
                throw new IllegalArgumentException(
                        "LongRoPE of amplitude %s for sequences of at least %d tokens; expected a positive number."
                                .formatted(amplitude, originalLength));
            }
        }

        /**
         * The amplitude of models that do not say otherwise.
         *
         * @param longest sequence that the model is made for
         * @param original length of its pretraining
         */
        public static double usualAmplitude(int longest, int original) {
            return longest > original ? Math.sqrt(1 + Math.log((double) longest / original) / Math.log(original)) : 1;
        }

        @Override
        public double apply(int pair, double frequency) {
            return frequency / shortFactors.get(pair);
        }
    }

    /** Positions {@code 0 .. length-1} of a sequence, with channels half a head apart as pairs. */
    public static RotaryTable llama(int length, int headSize, double theta, @Nullable Scaling scaling) {
        double[] frequencies = llamaFrequencies(headSize, theta, scaling);
        double amplitude = scaling == null ? 1 : scaling.amplitude();
        return of(length, headSize, false, amplitude, position -> {
            double[] angles = new double[frequencies.length];
            for (int i = 0; i < angles.length; i++) {
                angles[i] = position * frequencies[i];
            }
            return angles;
        });
    }

    /** {@code theta^(-2i/D)}, scaled. */
    static double[] llamaFrequencies(int headSize, double theta, @Nullable Scaling scaling) {
        double[] frequencies = new double[headSize / 2];
        for (int i = 0; i < frequencies.length; i++) {
            double raw = Math.pow(theta, -2.0 * i / headSize);
            frequencies[i] = scaling == null ? raw : scaling.apply(i, raw);
        }
        return frequencies;
    }

    /**
     * EVA02's class token, which is not rotated, and then a square grid of patches, row by row: the first half of a head turns
     * with the row, the second with the column. Positions are stretched to a grid of 16 x 16.
     */
    public static RotaryTable eva02(int gridSide, int headSize) {
        return of(
                Math.addExact(1, Math.multiplyExact(gridSide, gridSide)),
                headSize,
                true,
                1,
                position ->
                        position == 0 ? new double[2 * (headSize / 4)] : eva02Angles(gridSide, headSize, position - 1));
    }

    /** The angles {@code [D/2]} of a patch of such a grid, by its number, in radians. */
    public static double[] eva02Angles(int gridSide, int headSize, int patch) {
        int quarter = headSize / 4;
        double[] angles = new double[2 * quarter];
        double row = patch / gridSide * EVA_PRETRAINED_SIDE / gridSide;
        double column = patch % gridSide * EVA_PRETRAINED_SIDE / gridSide;
        for (int i = 0; i < quarter; i++) {
            double frequency = Math.pow(EVA_THETA, -(double) i / quarter);
            angles[i] = row * frequency;
            angles[quarter + i] = column * frequency;
        }
        return angles;
    }

    private static RotaryTable of(
            int length, int headSize, boolean interleaved, double amplitude, IntFunction<double[]> anglesAt) {
        int half = headSize / 2;
        Shape shape = Shape.of(length, half);
        float[] cos = new float[shape.size()];
        float[] sin = new float[shape.size()];
        for (int position = 0; position < length; position++) {
            double[] angles = anglesAt.apply(position);
            for (int i = 0; i < half; i++) {
                cos[position * half + i] = (float) (amplitude * StrictMath.cos(angles[i]));
                sin[position * half + i] = (float) (amplitude * StrictMath.sin(angles[i]));
            }
        }
        return new RotaryTable(
                Tensor.variable("rotary.cos", TensorData.of(shape, cos)),
                Tensor.variable("rotary.sin", TensorData.of(shape, sin)),
                interleaved);
    }

    /** T, how many rows there are. */
    int rows() {
        return cos.shape().dim(0);
    }

    /** The rows of the first positions. */
    public RotaryTable first(int length) {
        return new RotaryTable(cos.slice(0, 0, length), sin.slice(0, 0, length), interleaved);
    }

    /** A row for each token: those of the tokens' positions, i32 {@code [N]}. */
    public RotaryTable at(Tensor positions) {
        return new RotaryTable(cos.gather(positions), sin.gather(positions), interleaved);
    }

    /** Rotates {@code [B, T, H, D]}. */
    public Tensor apply(Tensor x) {
        return x.rotary(cos, sin, interleaved);
    }
}
