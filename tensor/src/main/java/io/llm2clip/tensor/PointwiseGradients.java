package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Opcode;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Derivatives of the elementwise operations, a row an opcode. */
final class PointwiseGradients {
    private PointwiseGradients() {}

    static List<@Nullable Tensor> rule(Opcode opcode, Tensor out, Tensor g) {
        Tensor a = out.inputs().getFirst();
        Tensor b = out.inputs().getLast();
        return switch (opcode) {
            case CONSTANT -> List.of();
            case ADD -> List.of(g, g);
            case SUBTRACT -> List.of(g, g.negate());
            case MULTIPLY -> List.of(g.mul(b), g.mul(a));
            case DIVIDE -> List.of(g.div(b), g.mul(out).div(b).negate());
            case MAXIMUM -> List.of(g.mul(share(a, b)), g.mul(share(b, a)));
            case MINIMUM -> List.of(g.mul(share(b, a)), g.mul(share(a, b)));
            case NEGATE -> List.of(g.negate());
            case ABSOLUTE -> List.of(g.mul(number(a.greater(zero())).sub(number(zero().greater(a)))));
            case EXP -> List.of(g.mul(out));
            case LOG -> List.of(g.div(a));
            case SQRT -> List.of(g.mul(0.5f).div(out));
            case RSQRT -> List.of(g.mul(-0.5f).mul(out.mul(out).mul(out)));
            case TANH -> List.of(g.mul(out.square().negate().add(1)));
            case ERF -> List.of(g.mul(a.square().negate().exp()).mul((float) (2 / Math.sqrt(Math.PI))));
            case SIGMOID -> List.of(g.mul(out.mul(out.negate().add(1))));
            case SIN -> List.of(g.mul(a.cos()));
            case COS -> List.of(g.mul(a.sin()).negate());
            case GREATER, EQUAL -> Gradients.none(2);
            case SELECT -> {
                Tensor first = Tensor.where(a, g, zero());
                Tensor second = Tensor.where(a, zero(), g);
                yield Arrays.asList(null, first, second);
            }
        };
    }

    /** 1 where a is the larger operand, half where both are equal, as PyTorch divides it. */
    private static Tensor share(Tensor a, Tensor b) {
        return number(a.greater(b)).add(number(a.equalTo(b)).mul(0.5f));
    }

    private static Tensor number(Tensor truth) {
        return truth.cast(DType.F32);
    }

    private static Tensor zero() {
        return Tensor.scalar(0);
    }
}
