package io.llm2clip.kernels.device;

/**
 * Conversions between f32 and the bits of bf16 by arithmetic alone, for devices on which kernels cannot see the bits of a float.
 * Powers of two are factors, so every step but the rounding is exact.
 */
public final class BFloat16Conversion {

    private BFloat16Conversion() {}

    /** The value of bf16 bits; NaN stays NaN. */
    public static float k_bitsToFloat(short bits) {
        int magnitude = bits;
        float sign = 1f;
        if (magnitude < 0) {
            magnitude = magnitude + 32768;
            sign = -1f;
        }
        int exponent = magnitude / 128;
        int fraction = magnitude - exponent * 128;
        float value = (float) fraction;
        if (exponent == 0) {
            // Subnormal. The product of the factors would be one, which devices may take for 0.
            value = value * 0x1p-126f * 0x1p-7f;
        } else {
            // 2^128 overflows to infinity, and constants that are NaN are not to be had in kernels.
            value = k_scale((value + 128f) * 0x1p-7f, exponent - 127);
            if (exponent == 255 && fraction > 0) {
                value = value * 0f;
            }
        }
        return sign * value;
    }

    /** {@code value * 2^exponent}, for exponents in [-127, 128]. */
    static float k_scale(float value, int exponent) {
        float result = value;
        int rest = exponent < 0 ? -exponent : exponent;
        boolean down = exponent < 0;
        if (rest >= 128) {
            result = result * 0x1p64f;
            rest = rest - 64;
        }
        if (rest >= 64) {
            result = result * (down ? 0x1p-64f : 0x1p64f);
            rest = rest - 64;
        }
        if (rest >= 32) {
            result = result * (down ? 0x1p-32f : 0x1p32f);
            rest = rest - 32;
        }
        if (rest >= 16) {
            result = result * (down ? 0x1p-16f : 0x1p16f);
            rest = rest - 16;
        }
        if (rest >= 8) {
            result = result * (down ? 0x1p-8f : 0x1p8f);
            rest = rest - 8;
        }
        if (rest >= 4) {
            result = result * (down ? 0x1p-4f : 0x1p4f);
            rest = rest - 4;
        }
        if (rest >= 2) {
            result = result * (down ? 0x1p-2f : 0x1p2f);
            rest = rest - 2;
        }
        if (rest >= 1) {
            result = result * (down ? 0x1p-1f : 0x1p1f);
        }
        return result;
    }

    /** The bits of the bf16 nearest to a value, to even between two; NaN becomes a quiet NaN. */
    public static short k_floatToBits(float value) {
        int result = 0x7FC0;
        float magnitude = KMath.abs(value);
        // Not true of NaN, of which >= 0 would be.
        if (magnitude > -1f) {
            result = k_magnitudeToBits(magnitude);
            // -0 is not negative, but 1 / -0 is.
            float signum = value == 0f ? 1f / value : value;
            if (signum < 0f) {
                result = result - 32768;
            }
        }
        return (short) result;
    }

    /** Exponent and fraction of the nearest bf16. */
    static int k_magnitudeToBits(float magnitude) {
        // Half way from the largest bf16 to 2^128.
        if (!(magnitude < 0x1.FFp127f)) {
            return 0x7F80;
        }
        // Down or up to [1, 2), the exponent going the other way, but not below the exponent of subnormals.
        float mantissa = magnitude;
        int exponent = 127;
        if (!(mantissa < 2f)) {
            if (!(mantissa < 0x1p64f)) {
                mantissa = mantissa * 0x1p-64f;
                exponent = exponent + 64;
            }
            if (!(mantissa < 0x1p32f)) {
                mantissa = mantissa * 0x1p-32f;
                exponent = exponent + 32;
            }
            if (!(mantissa < 0x1p16f)) {
                mantissa = mantissa * 0x1p-16f;
                exponent = exponent + 16;
            }
            if (!(mantissa < 0x1p8f)) {
                mantissa = mantissa * 0x1p-8f;
                exponent = exponent + 8;
            }
            if (!(mantissa < 0x1p4f)) {
                mantissa = mantissa * 0x1p-4f;
                exponent = exponent + 4;
            }
            if (!(mantissa < 0x1p2f)) {
                mantissa = mantissa * 0x1p-2f;
                exponent = exponent + 2;
            }
            if (!(mantissa < 0x1p1f)) {
                mantissa = mantissa * 0x1p-1f;
                exponent = exponent + 1;
            }
        } else {
            if (mantissa < 0x1p-63f && exponent > 64) {
                mantissa = mantissa * 0x1p64f;
                exponent = exponent - 64;
            }
            if (mantissa < 0x1p-31f && exponent > 32) {
                mantissa = mantissa * 0x1p32f;
                exponent = exponent - 32;
            }
            if (mantissa < 0x1p-15f && exponent > 16) {
                mantissa = mantissa * 0x1p16f;
                exponent = exponent - 16;
            }
            if (mantissa < 0x1p-7f && exponent > 8) {
                mantissa = mantissa * 0x1p8f;
                exponent = exponent - 8;
            }
            if (mantissa < 0x1p-3f && exponent > 4) {
                mantissa = mantissa * 0x1p4f;
                exponent = exponent - 4;
            }
            if (mantissa < 0x1p-1f && exponent > 2) {
                mantissa = mantissa * 0x1p2f;
                exponent = exponent - 2;
            }
            if (mantissa < 1f && exponent > 1) {
                mantissa = mantissa * 2f;
                exponent = exponent - 1;
            }
        }
        // 8 bits before the point, or fewer if subnormal, and up to 16 behind it.
        float scaled = mantissa * 128f;
        int whole = (int) scaled;
        float rest = scaled - (float) whole;
        float middle = whole % 2 == 1 ? 0x1.FFFFFEp-2f : 0.5f;
        if (rest > middle) {
            whole = whole + 1;
        }
        // A carry of the fraction, as the implied bit of normal numbers, counts up the exponent.
        return (exponent - 1) * 128 + whole;
    }
}
