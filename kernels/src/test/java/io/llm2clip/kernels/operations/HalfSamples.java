package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
import java.util.Random;

/** Numbers where conversions to types of 16 bits can go wrong, and what the platform's library says of them. */
public final class HalfSamples {
    private HalfSamples() {}

    /** The value of 16 bits. */
    public static float value(DType type, short bits) {
        return type == DType.F16 ? Float.float16ToFloat(bits) : Float.intBitsToFloat(bits << 16);
    }

    /** The bits nearest to a value that is not NaN. */
    public static short bits(DType type, float value) {
        if (type == DType.F16) {
            return Float.floatToFloat16(value);
        }
        int bits = Float.floatToRawIntBits(value);
        return (short) (bits + 0x7FFF + (bits >> 16 & 1) >> 16);
    }

    /** Whether bits are those of a NaN whose first bit of the fraction is set. */
    static boolean isQuietNaN(DType type, short bits) {
        int quiet = type == DType.F16 ? 0x7E00 : 0x7FC0;
        return (bits & quiet) == quiet;
    }

    /** For each of all values of the type the value, the middle to the next one outwards, and what lies next to both on both sides. */
    public static float[] around(DType type) {
        float[] samples = new float[6 << 16];
        int at = 0;
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = value(type, (short) bits);
            float middle = middle(type, (short) bits);
            for (float sample : new float[] {value, middle}) {
                samples[at++] = sample;
                samples[at++] = Math.nextUp(sample);
                samples[at++] = Math.nextDown(sample);
            }
        }
        return samples;
    }

    /** One of {@link #around}, by chance. */
    public static float random(DType type, Random random) {
        short bits = (short) random.nextInt();
        float sample = random.nextBoolean() ? value(type, bits) : middle(type, bits);
        return switch (random.nextInt(3)) {
            case 0 -> sample;
            case 1 -> Math.nextUp(sample);
            default -> Math.nextDown(sample);
        };
    }

    /** Half way from the value of bits to that of the next ones, exactly; behind the greatest value as if there were no infinity. */
    private static float middle(DType type, short bits) {
        double value = value(type, bits);
        float inner = value(type, (short) (bits - 1));
        float next = value(type, (short) (bits + 1));
        return (float)
                (Double.isFinite(value) && !Float.isFinite(next) ? value + (value - inner) / 2 : (value + next) / 2);
    }
}
