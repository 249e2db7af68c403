package io.llm2clip.kernels.vector;

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

    private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);

    private static final float LOG2_E = 1.44269504f;
    /** ln 2 in two parts, the first with so few bits that its product with an exponent is exact. */
    private static final float LN2_HIGH = 0.693359375f;

    private static final float LN2_LOW = -2.12194440e-4f;
    /** Adding 1.5 * 2^23 rounds to an integer, which then sits in the low bits of the sum. */
    private static final float ROUNDER = 12582912f;

    private static final float EXP_ZERO_BELOW = -87.33654f;
    private static final float EXP_INFINITE_ABOVE = 88.72283f;

    private static final int SQRT_HALF_BITS = Float.floatToRawIntBits(0.707106781f);

    /** Up to here the angle less its multiple of pi/2, subtracted in three parts, is exact enough. */
    private static final float LARGEST_REDUCED_ANGLE = 8192f;

    private VectorMath() {}

    private static VectorSpecies<Float> species() {
        Integer bits = Integer.getInteger("llm2clip.vector.bits");
        return bits == null ? FloatVector.SPECIES_PREFERRED : VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
    }

    /** e^x; 0 below -87.34. */
    public static FloatVector exp(FloatVector x) {
        FloatVector shifted = x.fma(splat(LOG2_E), splat(ROUNDER));
        FloatVector exponent = shifted.sub(ROUNDER);
        FloatVector r = exponent.fma(splat(-LN2_HIGH), x);
        r = exponent.fma(splat(-LN2_LOW), r);
        FloatVector p = r.fma(splat(1.9875691500e-4f), splat(1.3981999507e-3f));
        p = p.fma(r, splat(8.3334519073e-3f));
        p = p.fma(r, splat(4.1665795894e-2f));
        p = p.fma(r, splat(1.6666665459e-1f));
        p = p.fma(r, splat(5.0000001201e-1f));
        p = p.fma(r.mul(r), r).add(1f);
        IntVector scaled = p.reinterpretAsInts().add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23));
        return scaled.reinterpretAsFloats()
                .blend(0f, x.lt(EXP_ZERO_BELOW))
                .blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, EXP_INFINITE_ABOVE))
                .blend(x, x.test(VectorOperators.IS_NAN)); // the integer addition may turn a NaN into a number
    }

    /** Natural logarithm; NaN below 0. */
    public static FloatVector log(FloatVector x) {
        VectorMask<Float> subnormal = x.lt(Float.MIN_NORMAL);
        IntVector bits = x.mul(8388608f, subnormal).reinterpretAsInts();
        // The mantissa in [sqrt(1/2), sqrt(2)), so that the result near 1 does not cancel.
        IntVector offset = bits.sub(SQRT_HALF_BITS);
        FloatVector exponent = ((FloatVector) offset.lanewise(VectorOperators.ASHR, 23).convert(VectorOperators.I2F, 0))
                .sub(23f, subnormal);
        FloatVector f = offset.and(0x7FFFFF).add(SQRT_HALF_BITS).reinterpretAsFloats().sub(1f);
        FloatVector square = f.mul(f);
        FloatVector p = f.fma(splat(7.0376836292e-2f), splat(-1.1514610310e-1f));
        p = p.fma(f, splat(1.1676998740e-1f));
        p = p.fma(f, splat(-1.2420140846e-1f));
        p = p.fma(f, splat(1.4249322787e-1f));
        p = p.fma(f, splat(-1.6668057665e-1f));
        p = p.fma(f, splat(2.0000714765e-1f));
        p = p.fma(f, splat(-2.4999993993e-1f));
        p = p.fma(f, splat(3.3333331174e-1f));
        FloatVector y = p.mul(square).mul(f);
        y = exponent.fma(splat(LN2_LOW), y);
        y = square.fma(splat(-0.5f), y);
        y = exponent.fma(splat(LN2_HIGH), f.add(y));
        return y.blend(Float.NEGATIVE_INFINITY, x.eq(0f))
                .blend(x, x.eq(Float.POSITIVE_INFINITY))
                .blend(Float.NaN, x.compare(VectorOperators.GE, 0f).not());
    }

    /** Hyperbolic tangent. */
    public static FloatVector tanh(FloatVector x) {
        FloatVector square = x.mul(x);
        FloatVector p = square.fma(splat(-5.70498872745e-3f), splat(2.06390887954e-2f));
        p = p.fma(square, splat(-5.37397155531e-2f));
        p = p.fma(square, splat(1.33314422036e-1f));
        p = p.fma(square, splat(-3.33332819422e-1f));
        FloatVector small = p.mul(square).fma(x, x);
        FloatVector magnitude = x.abs();
        FloatVector large = splat(1f).sub(splat(2f).div(exp(magnitude.add(magnitude)).add(1f)));
        // Near 0 the difference cancels, so a polynomial takes over.
        return withSign(large, x).blend(small, magnitude.lt(0.625f));
    }

    /** Gauss error function, by the minimax polynomials of N. Juffa. */
    public static FloatVector erf(FloatVector x) {
        FloatVector square = x.mul(x);
        FloatVector small = square.fma(splat(-5.96761703e-4f), splat(4.99119423e-3f));
        small = small.fma(square, splat(-2.67681349e-2f));
        small = small.fma(square, splat(1.12819925e-1f));
        small = small.fma(square, splat(-3.76125336e-1f));
        small = small.fma(square, splat(1.28379166e-1f));
        small = small.fma(x, x);
        FloatVector t = x.abs();
        FloatVector r = t.fma(splat(-1.72853470e-5f), splat(3.83197126e-4f));
        FloatVector u = t.fma(splat(-3.88396438e-3f), splat(2.42546219e-2f));
        r = r.fma(square, u);
        r = r.fma(t, splat(-1.06777877e-1f));
        r = r.fma(t, splat(-6.34846687e-1f));
        r = r.fma(t, splat(-1.28717512e-1f));
        r = r.fma(t, t.neg());
        FloatVector large = splat(1f).sub(exp(r));
        return small.blend(withSign(large, x), t.compare(VectorOperators.GT, 0.927734375f));
    }

    /** {@code 1 / (1 + exp(-x))}. */
    public static FloatVector sigmoid(FloatVector x) {
        return splat(1f).div(exp(x.neg()).add(1f));
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
        FloatVector shifted = x.fma(splat(0.636619772f), splat(ROUNDER));
        FloatVector turns = shifted.sub(ROUNDER).neg();
        FloatVector r = turns.fma(splat(1.57079637f), x);
        r = turns.fma(splat(-4.37113883e-8f), r);
        r = turns.fma(splat(-1.71512451e-15f), r);
        FloatVector square = r.mul(r);
        FloatVector sine = square.fma(splat(-1.9515295891e-4f), splat(8.3321608736e-3f));
        sine = sine.fma(square, splat(-1.6666654611e-1f)).mul(square).fma(r, r);
        FloatVector cosine = square.fma(splat(2.443315711809948e-5f), splat(-1.388731625493765e-3f));
        cosine = cosine.fma(square, splat(4.166664568298827e-2f)).mul(square).fma(square, square.fma(splat(-0.5f), splat(1f)));
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
        return splat(1f).div(x.sqrt());
    }

    /** 1 where the mask is set, else 0. */
    static FloatVector indicator(VectorMask<Float> mask) {
        return FloatVector.zero(SPECIES).blend(1f, mask);
    }

    static FloatVector splat(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }

    private static FloatVector withSign(FloatVector magnitude, FloatVector sign) {
        IntVector bit = sign.reinterpretAsInts().and(IntVector.broadcast(INTS, Integer.MIN_VALUE));
        return magnitude.reinterpretAsInts().or(bit).reinterpretAsFloats();
    }
}
