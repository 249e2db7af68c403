package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R12;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.matrix.machine.attention.BlockShape.VECTOR;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;
import java.util.function.IntConsumer;

/**
 * The part of a {@link GradientProgram} between the products: scores become weights P, and gradients dP of weights those of scores,
 * {@code scale P (dP - sum(P dP))}. R10 is the scratch memory, R12 the description of the keys.
 */
final class GradientSoftmax {
    private static final Zmm SCALE = new Zmm(29);

    private final Assembler a;
    private final BlockShape shape;
    private final SoftmaxCode softmax;

    GradientSoftmax(Assembler a, BlockShape shape) {
        this.a = a;
        this.shape = shape;
        softmax = new SoftmaxCode(a, shape);
    }

    /** The sum of weights times their gradients. */
    private static Zmm delta(int vector) {
        return new Zmm(21 + vector);
    }

    private static Zmm gradient(int vector) {
        return new Zmm(24 + vector);
    }

    void encode() {
        softmax.mask();
        softmax.coefficients();
        // A greatest score that is finite makes 0 of minus infinity, and NaN of nothing else.
        vectors(v -> a.vbroadcastss(SoftmaxCode.greatest(v), at(RDI, BlockCall.LEAST)));
        keys(() -> vectors(v -> {
            a.vmovups(SoftmaxCode.exponent(v), Mask.ALL, at(RAX, v * VECTOR));
            // Of NaN the greatest so far is kept; its weight is NaN.
            a.vmaxps(SoftmaxCode.greatest(v), SoftmaxCode.exponent(v), SoftmaxCode.greatest(v));
        }));
        vectors(v -> {
            a.vpxord(SoftmaxCode.sum(v), SoftmaxCode.sum(v), SoftmaxCode.sum(v));
            a.vpxord(delta(v), delta(v), delta(v));
        });
        keys(this::weights);
        a.vbroadcastss(gradient(0), at(RDI, BlockCall.COEFFICIENTS + (BlockCall.POLYNOMIAL.length - 1) * Float.BYTES));
        vectors(v -> {
            a.vdivps(SoftmaxCode.sum(v), gradient(0), SoftmaxCode.sum(v));
            a.vmulps(delta(v), delta(v), SoftmaxCode.sum(v));
        });
        a.vbroadcastss(SCALE, at(RDI, GradientCall.SCALE));
        keys(this::gradients);
    }

    /** Of a key, not yet divided by their sums. */
    private void weights() {
        vectors(v -> {
            a.vmovups(SoftmaxCode.exponent(v), Mask.ALL, at(RAX, v * VECTOR));
            a.vsubps(SoftmaxCode.exponent(v), SoftmaxCode.exponent(v), SoftmaxCode.greatest(v));
        });
        softmax.powers();
        vectors(v -> {
            a.vscalefps(SoftmaxCode.power(v), SoftmaxCode.power(v), SoftmaxCode.exponent(v));
            a.vmovups(at(RAX, v * VECTOR), Mask.ALL, SoftmaxCode.power(v));
            a.vaddps(SoftmaxCode.sum(v), SoftmaxCode.sum(v), SoftmaxCode.power(v));
            a.vmovups(gradient(v), Mask.ALL, at(RDX, v * VECTOR));
            a.vfmadd231ps(delta(v), SoftmaxCode.power(v), gradient(v));
        });
    }

    private void gradients() {
        vectors(v -> {
            a.vmulps(SoftmaxCode.power(v), SoftmaxCode.sum(v), at(RAX, v * VECTOR));
            a.vmovups(at(RAX, v * VECTOR), Mask.ALL, SoftmaxCode.power(v));
            a.vmovups(gradient(v), Mask.ALL, at(RDX, v * VECTOR));
            a.vsubps(gradient(v), gradient(v), delta(v));
            a.vmulps(gradient(v), gradient(v), SoftmaxCode.power(v));
            a.vmulps(gradient(v), gradient(v), SCALE);
            a.vmovups(at(RDX, v * VECTOR), Mask.ALL, gradient(v));
        });
    }

    private void vectors(IntConsumer body) {
        for (int v = 0; v < shape.vectors(); v++) {
            body.accept(v);
        }
    }

    /** For each key, RAX at its scores, RDX at the gradients of its weights. */
    private void keys(Runnable body) {
        a.lea(RAX, at(R10, shape.scores()));
        a.mov(RDX, at(RDI, GradientCall.SCORE_GRADIENTS));
        a.mov(RCX, at(R12, BlockCall.COUNT));
        Label key = a.here();
        body.run();
        a.add(RAX, shape.row());
        a.add(RDX, shape.row());
        a.sub(RCX, 1);
        a.jnz(key);
    }
}
