package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.KMath;

/**
 * Conversions between f32 and the bits of types of 16 bits by arithmetic alone, for devices on which kernels cannot see the bits of a
 * float. Factors are powers of two, so every step but the rounding is exact.
 *
 * <p>Such a type has a sign, then an exponent that is greater than the value's by a bias, then a fraction that counts up to a unit,
 * a power of two; the exponent 0 is that of subnormal numbers, the greatest one that of infinity and NaN.
 */
public final class HalfConversion {

    private HalfConversion() {}

    /** The value of bf16 bits; NaN stays NaN. */
    public static float k_bfloat16Value(short bits) {
        return k_value(bits, 128, 0x1p-7f, 127);
    }

    /** The bits of the bf16 nearest to a value, to even between two; NaN becomes a quiet NaN. */
    public static short k_bfloat16Bits(float value) {
        return k_bits(value, 128, 127, 0x1.FFp127f);
    }

    /** The value of f16 bits; NaN stays NaN. */
    public static float k_float16Value(short bits) {
        return k_value(bits, 1024, 0x1p-10f, 15);
    }

    /** The bits of the f16 nearest to a value, to even between two; NaN becomes a quiet NaN. */
    public static short k_float16Bits(float value) {
        return k_bits(value, 1024, 15, 65520f);
    }

    /** The value of bits; {@code step} is one over the unit. */
    static float k_value(short bits, int unit, float step, int bias) {
        int magnitude = bits;
        float sign = 1f;
        if (magnitude < 0) {
            magnitude = magnitude + 32768;
            sign = -1f;
        }
        // A power of two times a number of 15 bits, so exact, and faster than a division.
        int exponent = (int) ((float) magnitude * step);
        int fraction = magnitude - exponent * unit;
        float value = (float) fraction * step;
        int power = exponent - bias;
        if (exponent == 0) {
            power = 1 - bias;
        } else {
            value = value + 1f;
        }
        int greatest = 2 * bias + 1;
        if (exponent == greatest) {
            // That overflows to infinity.
            power = 128;
        }
        value = k_scale(value, power);
        if (exponent == greatest && fraction > 0) {
            // Constants that are NaN are not to be had in kernels.
            value = value * 0f;
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

    /** The bits of the nearest number, to even between two; from {@code overflow} on, half way to what would be the next, that is infinity. NaN becomes a quiet NaN. */
    static short k_bits(float value, int unit, int bias, float overflow) {
        int infinity = (2 * bias + 1) * unit;
        int result = infinity + unit / 2;
        float magnitude = KMath.abs(value);
        // Not true of NaN, of which >= 0 would be.
        if (magnitude > -1f) {
            result = magnitude < overflow ? k_magnitudeBits(magnitude, unit, bias) : infinity;
            // -0 is not negative, but 1 / -0 is.
            float signum = value == 0f ? 1f / value : value;
            if (signum < 0f) {
                result = result - 32768;
            }
        }
        return (short) result;
    }

    /** Exponent and fraction of the number nearest to one that is not rounded to infinity. */
    static int k_magnitudeBits(float magnitude, int unit, int bias) {
        // Down or up to [1, 2), the exponent going the other way, but not below the exponent of subnormals.
        float mantissa = magnitude;
        int exponent = bias;
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
        // As many bits before the point as the type has, or fewer if subnormal, and the others behind it.
        float scaled = mantissa * (float) unit;
        int whole = (int) scaled;
        float rest = scaled - (float) whole;
        float middle = whole % 2 == 1 ? 0x1.FFFFFEp-2f : 0.5f;
        if (rest > middle) {
            whole = whole + 1;
        }
        // A carry of the fraction, as the implied bit of normal numbers, counts up the exponent.
        return (exponent - 1) * unit + whole;
    }
}
