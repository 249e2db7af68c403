package io.llm2clip.tensor.internal.autograd;

import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.tensor.Finiteness;
import io.llm2clip.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Derivatives of the elementwise operations, one rule per opcode.
 *
 * <p>A gradient of 0 stays 0, whatever it is multiplied by: a guard such as {@code where(x > 0, x.sqrt(), 0)} or
 * {@code x.sqrt().maximum(epsilon)} sends 0 back into the branch that was not taken, whose derivative may be infinite or NaN there.
 * Roots have the derivative 0 at 0, where they have none: of all values, it is the one that leaves {@code sqrt(sum(x^2))} at rest.
 * Where a derivative is finite it is not touched, so that gradients can be differentiated again, also at a gradient of 0.
 */
final class PointwiseGradients {
    private PointwiseGradients() {}

    static List<@Nullable Tensor> rule(Opcode opcode, Tensor out, Tensor g) {
        Tensor a = out.inputs().getFirst();
        Tensor b = out.inputs().getLast();
        return switch (opcode) {
            case CONSTANT -> List.of();
            case ADD -> List.of(g, g);
            case SUBTRACT -> List.of(g, g.negate());
            case MULTIPLY -> List.of(times(g, b), times(g, a));
            case DIVIDE -> List.of(divided(g, b), divided(times(g, out), b).negate());
            case MAXIMUM -> List.of(share(g, a, b), share(g, b, a));
            case MINIMUM -> List.of(share(g, b, a), share(g, a, b));
            case NEGATE -> List.of(g.negate());
            case ABSOLUTE ->
                List.of(Tensor.where(a.greater(zero()), g, Tensor.where(zero().greater(a), g.negate(), zero())));
            case EXP -> List.of(times(g, out));
            case LOG -> List.of(divided(g, a));
            case SQRT -> List.of(g.mul(0.5f).div(root(out, g)));
            case RSQRT -> {
                // In this order a small g is not lost to the overflow of a third power.
                Tensor root = inverseRoot(out, g);
                yield List.of(g.mul(-0.5f).mul(root).mul(root).mul(root));
            }
            case TANH -> List.of(times(g, out.square().negate().add(1)));
            case ERF -> {
                Tensor slope = a.square().negate().exp();
                yield List.of((a.isDoubtful() ? times(g, slope) : g.mul(slope)).mul((float) (2 / Math.sqrt(Math.PI))));
            }
            case SIGMOID -> List.of(times(g, out.mul(out.negate().add(1))));
            case SIN -> List.of(times(g, a.cos()));
            case COS -> List.of(times(g, a.sin()).negate());
            case GREATER, EQUAL -> ReverseMode.none(2);
            case SELECT -> {
                Tensor first = Tensor.where(a, g, zero());
                Tensor second = Tensor.where(a, zero(), g);
                yield Arrays.asList(null, first, second);
            }
        };
    }

    /** {@code g * derivative}, and 0 where g is 0 and the derivative is not finite. */
    private static Tensor times(Tensor g, Tensor derivative) {
        if (!derivative.isDoubtful()) {
            return g.mul(derivative);
        }
        Tensor cut = Tensor.where(g.equalTo(zero()), zero(), derivative);
        return g.mul(Tensor.where(isFinite(derivative), derivative, cut));
    }

    /** {@code g / divisor}, and 0 where g is 0 and the divisor is 0 or NaN. */
    private static Tensor divided(Tensor g, Tensor divisor) {
        if (!Finiteness.mayBeZero(divisor)) {
            return g.div(divisor);
        }
        Tensor cut = Tensor.where(g.equalTo(zero()), infinity(), divisor);
        return g.div(Tensor.where(divisor.abs().greater(zero()), divisor, cut));
    }

    /** What the gradient of a square root is divided by: infinity at 0, and where the root is NaN and g is 0. */
    private static Tensor root(Tensor out, Tensor g) {
        Tensor cut = Tensor.where(g.equalTo(zero()), infinity(), out);
        return Tensor.where(out.greater(zero()), out, Tensor.where(out.equalTo(zero()), infinity(), cut));
    }

    /** What the gradient of an inverse root is multiplied by: 0 where the root is infinite, and where it is NaN and g is 0. */
    private static Tensor inverseRoot(Tensor out, Tensor g) {
        Tensor cut = Tensor.where(g.equalTo(zero()), zero(), out);
        Tensor pole = out.abs().equalTo(infinity());
        return Tensor.where(isFinite(out), out, Tensor.where(pole, zero(), cut));
    }

    /** All of g where a is the larger operand, half where both are equal, as PyTorch divides it. */
    private static Tensor share(Tensor g, Tensor a, Tensor b) {
        return Tensor.where(a.greater(b), g, Tensor.where(a.equalTo(b), g.mul(0.5f), zero()));
    }

    private static Tensor isFinite(Tensor x) {
        return infinity().greater(x.abs());
    }

    private static Tensor zero() {
        return Tensor.scalar(0);
    }

    private static Tensor infinity() {
        return Tensor.scalar(Float.POSITIVE_INFINITY);
    }
}
