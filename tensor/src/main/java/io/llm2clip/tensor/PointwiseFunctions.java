package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Opcode;
import java.util.List;
import java.util.Locale;

/** Functions of each element by itself, of f32. Two operands broadcast by NumPy's rule. */
public sealed interface PointwiseFunctions permits Tensor {

    default Tensor negate() {
        return unary(Opcode.NEGATE);
    }

    /** Absolute value; its gradient at 0 is 0. */
    default Tensor abs() {
        return unary(Opcode.ABSOLUTE);
    }

    default Tensor exp() {
        return unary(Opcode.EXP);
    }

    /** Natural logarithm. */
    default Tensor log() {
        return unary(Opcode.LOG);
    }

    /** Square root; its gradient at 0 is taken for 0. */
    default Tensor sqrt() {
        return unary(Opcode.SQRT);
    }

    /** {@code 1 / sqrt(x)}. */
    default Tensor rsqrt() {
        return unary(Opcode.RSQRT);
    }

    default Tensor tanh() {
        return unary(Opcode.TANH);
    }

    /** Gauss error function. */
    default Tensor erf() {
        return unary(Opcode.ERF);
    }

    default Tensor sigmoid() {
        return unary(Opcode.SIGMOID);
    }

    default Tensor sin() {
        return unary(Opcode.SIN);
    }

    default Tensor cos() {
        return unary(Opcode.COS);
    }

    default Tensor square() {
        return mul(self());
    }

    /**
     * {@code x^exponent}, as C's pow: 1 for an exponent of 0 whatever x is, NaN for negative x and an exponent that is no integer.
     * Small integer exponents are products; others are off by up to {@code |exponent ln x| 2^-24} of the value. A root's gradient at 0 is
     * taken for 0.
     */
    default Tensor pow(float exponent) {
        return Powers.of(self(), exponent);
    }

    /** {@code x^exponent} by elements, as {@link #pow(float)}. */
    default Tensor pow(Tensor exponent) {
        return Powers.of(self(), exponent);
    }

    default Tensor add(Tensor other) {
        return binary(Opcode.ADD, other, DType.F32);
    }

    default Tensor sub(Tensor other) {
        return binary(Opcode.SUBTRACT, other, DType.F32);
    }

    default Tensor mul(Tensor other) {
        return binary(Opcode.MULTIPLY, other, DType.F32);
    }

    default Tensor div(Tensor other) {
        return binary(Opcode.DIVIDE, other, DType.F32);
    }

    /** The larger of two; NaN if one is. Equal ones share the gradient evenly. */
    default Tensor maximum(Tensor other) {
        return binary(Opcode.MAXIMUM, other, DType.F32);
    }

    /** The smaller of two; NaN if one is. Equal ones share the gradient evenly. */
    default Tensor minimum(Tensor other) {
        return binary(Opcode.MINIMUM, other, DType.F32);
    }

    /** x within bounds, NaN kept; x has all of the gradient where it lies within, bounds included. */
    default Tensor clamp(float least, float most) {
        if (!(least <= most)) {
            throw new TensorException("clamp: " + least + " to " + most + "; expected bounds in order.");
        }
        Tensor x = self();
        Tensor low = Tensor.scalar(least);
        Tensor high = Tensor.scalar(most);
        return Tensor.where(less(low), low, Tensor.where(greater(high), high, x));
    }

    /** Truth values of {@code this > other}. */
    default Tensor greater(Tensor other) {
        return binary(Opcode.GREATER, other, DType.BOOL);
    }

    /** Truth values of {@code this < other}. */
    default Tensor less(Tensor other) {
        return other.greater(self());
    }

    /** Truth values of {@code this == other}. */
    default Tensor equalTo(Tensor other) {
        return binary(Opcode.EQUAL, other, DType.BOOL);
    }

    default Tensor add(float other) {
        return add(Tensor.scalar(other));
    }

    default Tensor sub(float other) {
        return sub(Tensor.scalar(other));
    }

    default Tensor mul(float other) {
        return mul(Tensor.scalar(other));
    }

    default Tensor div(float other) {
        return div(Tensor.scalar(other));
    }

    private Tensor self() {
        return (Tensor) this;
    }

    private Tensor unary(Opcode opcode) {
        return new Tensor(new Operation.Pointwise(opcode), List.of(self()), self().shape(), DType.F32);
    }

    private Tensor binary(Opcode opcode, Tensor other, DType result) {
        Shape common = Shape.broadcast(opcode.name().toLowerCase(Locale.ROOT), self().shape(), other.shape());
        return new Tensor(
                new Operation.Pointwise(opcode), List.of(self().expand(common), other.expand(common)), common, result);
    }
}
