package io.llm2clip.kernels.cpu.simd;

import io.llm2clip.kernels.Settings;
import java.util.function.DoubleUnaryOperator;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Elementary functions of f32 vectors by polynomials, with a relative error of about 1e-7.
 *
 * <p>Own polynomials rather than the platform's vector library: they give the same bits on every platform and whether or not
 * the code is compiled already, and a platform without such a library would compute lane by lane, ten times slower. Infinities and NaN behave as in {@link Math};
 * results below 2^-126 are 0.
 */
public final class VectorMath {
    /** The width of all vector kernels: what the machine prefers, or {@code -Dllm2clip.vector.bits=128|256|512}. */
    public static final VectorSpecies<Float> SPECIES = species();

    private static final float LOG2_E = 1.44269504f;
    /** ln 2 in two parts, the first with so few bits that its product with an exponent is exact. */
    private static final float LN2_HIGH = 0.693359375f;

    private static final float LN2_LOW = -2.12194440e-4f;
    /** Adding 1.5 * 2^23 rounds to an integer, which then sits in the low bits of the sum. */
    private static final float ROUNDER = 12582912f;

    private static final float EXP_LEAST = -87.5f;
    private static final float EXP_MOST = 89f;

    private static final int SQRT_HALF_BITS = Float.floatToRawIntBits(0.707106781f);

    /** Up to here the angle less its multiple of pi/2, subtracted in three parts, is exact enough. */
    private static final float LARGEST_REDUCED_ANGLE = 8192f;

    private VectorMath() {}

    private static VectorSpecies<Float> species() {
        int bits = Settings.vectorBits();
        return bits == 0 ? FloatVector.SPECIES_PREFERRED : VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
    }

    /** e^x; 0 below -87. */
    public static FloatVector exp(FloatVector x) {
        FloatVector clamped = x.max(EXP_LEAST).min(EXP_MOST); // keeps NaN
        FloatVector shifted =
                clamped.fma(FloatVector.broadcast(SPECIES, LOG2_E), FloatVector.broadcast(SPECIES, ROUNDER));
        FloatVector exponent = shifted.sub(ROUNDER);
        FloatVector r = exponent.fma(FloatVector.broadcast(SPECIES, -LN2_HIGH), clamped);
        r = exponent.fma(FloatVector.broadcast(SPECIES, -LN2_LOW), r);
        FloatVector p = r.fma(
                FloatVector.broadcast(SPECIES, 1.9875691500e-4f), FloatVector.broadcast(SPECIES, 1.3981999507e-3f));
        p = p.fma(r, FloatVector.broadcast(SPECIES, 8.3334519073e-3f));
        p = p.fma(r, FloatVector.broadcast(SPECIES, 4.1665795894e-2f));
        p = p.fma(r, FloatVector.broadcast(SPECIES, 1.6666665459e-1f));
        p = p.fma(r, FloatVector.broadcast(SPECIES, 5.0000001201e-1f));
        p = p.fma(r.mul(r), r).add(1f);
        // Half the power of two, so that one exponent reaches from 0 (bits 0) to the overflow of the doubled product.
        IntVector half = shifted.reinterpretAsInts().add(126).lanewise(VectorOperators.LSHL, 23);
        FloatVector scaled = p.mul(half.reinterpretAsFloats());
        return scaled.add(scaled);
    }

    /** Natural logarithm; NaN below 0. */
    public static FloatVector log(FloatVector x) {
        VectorMask<Float> subnormal = x.lt(Float.MIN_NORMAL);
        IntVector bits = x.mul(8388608f, subnormal).reinterpretAsInts();
        // The mantissa in [sqrt(1/2), sqrt(2)), so that the result near 1 does not cancel.
        IntVector offset = bits.sub(SQRT_HALF_BITS);
        FloatVector exponent = ((FloatVector)
                        offset.lanewise(VectorOperators.ASHR, 23).convert(VectorOperators.I2F, 0))
                .sub(23f, subnormal);
        FloatVector f =
                offset.and(0x7FFFFF).add(SQRT_HALF_BITS).reinterpretAsFloats().sub(1f);
        FloatVector square = f.mul(f);
        FloatVector p = f.fma(
                FloatVector.broadcast(SPECIES, 7.0376836292e-2f), FloatVector.broadcast(SPECIES, -1.1514610310e-1f));
        p = p.fma(f, FloatVector.broadcast(SPECIES, 1.1676998740e-1f));
        p = p.fma(f, FloatVector.broadcast(SPECIES, -1.2420140846e-1f));
        p = p.fma(f, FloatVector.broadcast(SPECIES, 1.4249322787e-1f));
        p = p.fma(f, FloatVector.broadcast(SPECIES, -1.6668057665e-1f));
        p = p.fma(f, FloatVector.broadcast(SPECIES, 2.0000714765e-1f));
        p = p.fma(f, FloatVector.broadcast(SPECIES, -2.4999993993e-1f));
        p = p.fma(f, FloatVector.broadcast(SPECIES, 3.3333331174e-1f));
        FloatVector y = p.mul(square).mul(f);
        y = exponent.fma(FloatVector.broadcast(SPECIES, LN2_LOW), y);
        y = square.fma(FloatVector.broadcast(SPECIES, -0.5f), y);
        y = exponent.fma(FloatVector.broadcast(SPECIES, LN2_HIGH), f.add(y));
        return y.blend(Float.NEGATIVE_INFINITY, x.eq(0f))
                .blend(x, x.eq(Float.POSITIVE_INFINITY))
                .blend(Float.NaN, x.compare(VectorOperators.GE, 0f).not());
    }

    /** Hyperbolic tangent, by a rational minimax approximation (as Eigen). */
    public static FloatVector tanh(FloatVector x) {
        FloatVector c = x.max(-7.99881172f).min(7.99881172f);
        FloatVector square = c.mul(c);
        FloatVector p = square.fma(
                FloatVector.broadcast(SPECIES, -2.76076847742355e-16f),
                FloatVector.broadcast(SPECIES, 2.00018790482477e-13f));
        p = p.fma(square, FloatVector.broadcast(SPECIES, -8.60467152213735e-11f));
        p = p.fma(square, FloatVector.broadcast(SPECIES, 5.12229709037114e-08f));
        p = p.fma(square, FloatVector.broadcast(SPECIES, 1.48572235717979e-05f));
        p = p.fma(square, FloatVector.broadcast(SPECIES, 6.37261928875436e-04f));
        p = p.fma(square, FloatVector.broadcast(SPECIES, 4.89352455891786e-03f));
        FloatVector q = square.fma(
                FloatVector.broadcast(SPECIES, 1.19825839466702e-06f),
                FloatVector.broadcast(SPECIES, 1.18534705686654e-04f));
        q = q.fma(square, FloatVector.broadcast(SPECIES, 2.26843463243900e-03f));
        q = q.fma(square, FloatVector.broadcast(SPECIES, 4.89352518554385e-03f));
        return p.div(q).mul(c);
    }

    /** Gauss error function, by a rational minimax approximation (as Eigen). */
    public static FloatVector erf(FloatVector x) {
        FloatVector c = x.max(-4f).min(4f);
        FloatVector square = c.mul(c);
        FloatVector p = square.fma(
                FloatVector.broadcast(SPECIES, -2.72614225801306e-10f),
                FloatVector.broadcast(SPECIES, 2.77068142495902e-08f));
        p = p.fma(square, FloatVector.broadcast(SPECIES, -2.10102402082508e-06f));
        p = p.fma(square, FloatVector.broadcast(SPECIES, -5.69250639462346e-05f));
        p = p.fma(square, FloatVector.broadcast(SPECIES, -7.34990630326855e-04f));
        p = p.fma(square, FloatVector.broadcast(SPECIES, -2.95459980854025e-03f));
        p = p.fma(square, FloatVector.broadcast(SPECIES, -1.60960333262415e-02f));
        FloatVector q = square.fma(
                FloatVector.broadcast(SPECIES, -1.45660718464996e-05f),
                FloatVector.broadcast(SPECIES, -2.13374055278905e-04f));
        q = q.fma(square, FloatVector.broadcast(SPECIES, -1.68282697438203e-03f));
        q = q.fma(square, FloatVector.broadcast(SPECIES, -7.37332916720468e-03f));
        q = q.fma(square, FloatVector.broadcast(SPECIES, -1.42647390514189e-02f));
        return p.div(q).mul(c);
    }

    /** {@code 1 / (1 + exp(-x))}. */
    public static FloatVector sigmoid(FloatVector x) {
        return FloatVector.broadcast(SPECIES, 1f).div(exp(x.neg()).add(1f));
    }

    /** Sine of an angle in radians. */
    public static FloatVector sin(FloatVector x) {
        return x.abs().compare(VectorOperators.GT, LARGEST_REDUCED_ANGLE).anyTrue()
                ? lanes(x, Math::sin)
                : sinusoid(x, 0);
    }

    /** Cosine of an angle in radians. */
    public static FloatVector cos(FloatVector x) {
        return x.abs().compare(VectorOperators.GT, LARGEST_REDUCED_ANGLE).anyTrue()
                ? lanes(x, Math::cos)
                : sinusoid(x, 1);
    }

    /** {@code sin(x + quadrants * pi / 2)} of an angle small enough for a reduction in f32. */
    private static FloatVector sinusoid(FloatVector x, int quadrants) {
        FloatVector shifted =
                x.fma(FloatVector.broadcast(SPECIES, 0.636619772f), FloatVector.broadcast(SPECIES, ROUNDER));
        FloatVector turns = shifted.sub(ROUNDER).neg();
        FloatVector r = turns.fma(FloatVector.broadcast(SPECIES, 1.57079637f), x);
        r = turns.fma(FloatVector.broadcast(SPECIES, -4.37113883e-8f), r);
        r = turns.fma(FloatVector.broadcast(SPECIES, -1.71512451e-15f), r);
        FloatVector square = r.mul(r);
        FloatVector sine = square.fma(
                FloatVector.broadcast(SPECIES, -1.9515295891e-4f), FloatVector.broadcast(SPECIES, 8.3321608736e-3f));
        sine = sine.fma(square, FloatVector.broadcast(SPECIES, -1.6666654611e-1f))
                .mul(square)
                .fma(r, r);
        FloatVector cosine = square.fma(
                FloatVector.broadcast(SPECIES, 2.443315711809948e-5f),
                FloatVector.broadcast(SPECIES, -1.388731625493765e-3f));
        cosine = cosine.fma(square, FloatVector.broadcast(SPECIES, 4.166664568298827e-2f))
                .mul(square)
                .fma(square, square.fma(FloatVector.broadcast(SPECIES, -0.5f), FloatVector.broadcast(SPECIES, 1f)));
        IntVector quadrant = shifted.reinterpretAsInts().add(quadrants);
        FloatVector magnitude = sine.blend(cosine, quadrant.and(1).eq(1).cast(SPECIES));
        IntVector sign = quadrant.and(2).lanewise(VectorOperators.LSHL, 30);
        return magnitude.reinterpretAsInts().lanewise(VectorOperators.XOR, sign).reinterpretAsFloats();
    }

    private static FloatVector lanes(FloatVector x, DoubleUnaryOperator function) {
        float[] lanes = x.toArray();
        for (int i = 0; i < lanes.length; i++) {
            lanes[i] = (float) function.applyAsDouble(lanes[i]);
        }
        return FloatVector.fromArray(SPECIES, lanes, 0);
    }

    /** {@code 1 / sqrt(x)}. */
    public static FloatVector rsqrt(FloatVector x) {
        return FloatVector.broadcast(SPECIES, 1f).div(x.sqrt());
    }

    /** 1 where the mask is set, else 0. */
    public static FloatVector indicator(VectorMask<Float> mask) {
        return FloatVector.zero(SPECIES).blend(1f, mask);
    }
}
