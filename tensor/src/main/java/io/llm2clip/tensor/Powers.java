package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;

/** Powers with C's rules for zeros, ones, infinities and signs. */
final class Powers {
    /** Beyond that, products are no longer more exact than logarithms. */
    private static final int MAX_FACTORS = 64;

    /** From here on, all f32 are even integers. */
    private static final float EVEN = 0x1p24f;

    private Powers() {}

    static Tensor of(Tensor x, float exponent) {
        if (exponent == Math.rint(exponent) && Math.abs(exponent) <= MAX_FACTORS) {
            return product(exponent < 0 ? Tensor.scalar(1).div(x) : x, (int) Math.abs(exponent));
        }
        if (Math.abs(exponent) == 0.5f) {
            return exponent > 0 ? x.sqrt() : x.rsqrt();
        }
        return of(x, Tensor.scalar(exponent));
    }

    /** By squaring. */
    private static Tensor product(Tensor x, int factors) {
        if (factors == 0) {
            return Tensor.full(1, x.shape());
        }
        if (factors == 1) {
            return x;
        }
        Tensor even = product(x, factors / 2).square();
        return factors % 2 == 0 ? even : even.mul(x);
    }

    /** {@code |x|^p} by logarithms, and the sign; then what logarithms do not give. */
    static Tensor of(Tensor x, Tensor p) {
        Tensor zero = Tensor.scalar(0);
        Tensor one = Tensor.scalar(1);
        Tensor isZero = x.equalTo(zero);
        // Of zeros, too: their inverses are less than 0 or greater.
        Tensor negative = Tensor.where(isZero, one.div(x.stopGradient()), x).less(zero);
        // Around a negative x there are no powers but for integers, so nothing that an exponent could move towards.
        Tensor size = size(Tensor.where(zero.greater(x), x.negate(), x), Tensor.where(negative, p.stopGradient(), p));
        Tensor whole = whole(p);
        Tensor odd = p.sub(whole(p.mul(0.5f)).mul(2)).abs().equalTo(one);
        Tensor isBounded = Tensor.where(isZero, zero, x.abs()).less(Tensor.scalar(Float.POSITIVE_INFINITY));
        Tensor undefined = Tensor.where(isZero, size, Tensor.where(isBounded, size.mul(Float.NaN), size));
        Tensor signed = Tensor.where(odd, size.negate(), size);
        Tensor power = Tensor.where(negative, Tensor.where(whole.equalTo(p), signed, undefined), size);
        // The derivatives of first and second powers at 0, of which logarithms know nothing.
        Tensor exact = Tensor.where(p.equalTo(one), x, Tensor.where(p.equalTo(Tensor.scalar(2)), x.square(), power));
        return Tensor.where(isZero, exact, power);
    }

    /** {@code x^p} of x that are not negative: 1 for {@code 1^p} and {@code x^0}, also where p or x is infinite or NaN. */
    private static Tensor size(Tensor x, Tensor p) {
        Tensor zero = Tensor.scalar(0);
        Tensor log = x.log();
        Tensor product = log.mul(p);
        Tensor lost = Tensor.where(log.equalTo(zero), zero, Tensor.where(p.equalTo(zero), zero, product));
        return Tensor.where(product.equalTo(product), product, lost).exp();
    }

    /** The integer next to an f32, towards zero. */
    private static Tensor whole(Tensor p) {
        return Tensor.where(p.abs().less(Tensor.scalar(EVEN)), p.cast(DType.I32).cast(DType.F32), p);
    }
}
