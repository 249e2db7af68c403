package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R12;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Lanes;

/**
 * The part of a {@link GradientProgram} between the products: scores become weights P, and gradients dP of weights those of scores,
 * {@code scale P (dP - sum(P dP))}. R10 is the scratch memory, R12 the description of the keys.
 */
final class GradientSoftmax {
    private final Assembler a;
    private final BlockShape shape;
    private final Lanes lanes;
    private final SoftmaxRegisters registers;
    private final PowersOfTwo powers;

    GradientSoftmax(Assembler a, BlockShape shape) {
        this.a = a;
        this.shape = shape;
        lanes = shape.lanes(a);
        registers = new SoftmaxRegisters(shape.width());
        powers = PowersOfTwo.of(a, shape, registers);
    }

    /** The gradient of a weight, after what its exponent is for. */
    private int gradient(int vector) {
        return registers.exponent(vector);
    }

    void encode() {
        SoftmaxCode softmax = new SoftmaxCode(a, shape);
        softmax.mask();
        powers.constants();
        VectorGroup all = new VectorGroup(0, shape.vectors());
        // A greatest score that is finite makes 0 of minus infinity, and NaN of nothing else.
        all.forEach(v -> lanes.broadcast(registers.greatest(v), at(RDI, BlockCall.LEAST)));
        softmax.greatest(all);
        registers.groups(shape.vectors()).forEach(this::encode);
    }

    private void encode(VectorGroup group) {
        group.forEach(v -> {
            lanes.clear(registers.sum(v));
            lanes.clear(registers.delta(v));
        });
        keys(() -> weights(group));
        int one = registers.power(group.first());
        lanes.broadcast(one, at(RDI, BlockCall.ONE));
        group.forEach(v -> {
            lanes.divide(registers.sum(v), one, registers.sum(v));
            lanes.multiply(registers.delta(v), registers.delta(v), registers.sum(v));
        });
        int scale = registers.fraction(group.first());
        lanes.broadcast(scale, at(RDI, GradientCall.SCALE));
        keys(() -> group.forEach(v -> gradients(v, scale)));
    }

    /** Of a key, not yet divided by their sums. */
    private void weights(VectorGroup group) {
        group.forEach(v -> {
            lanes.load(registers.exponent(v), at(RAX, v * shape.vector()));
            lanes.subtract(registers.exponent(v), registers.exponent(v), registers.greatest(v));
        });
        powers.unscaled(group);
        group.forEach(v -> {
            int weight = registers.power(v);
            powers.scale(weight, v);
            lanes.store(at(RAX, v * shape.vector()), weight);
            lanes.add(registers.sum(v), registers.sum(v), weight);
            lanes.load(gradient(v), at(RDX, v * shape.vector()));
            lanes.multiplyAdd(registers.delta(v), weight, gradient(v));
        });
    }

    private void gradients(int v, int scale) {
        int weight = registers.power(v);
        int gradient = gradient(v);
        lanes.multiply(weight, registers.sum(v), at(RAX, v * shape.vector()));
        lanes.store(at(RAX, v * shape.vector()), weight);
        lanes.load(gradient, at(RDX, v * shape.vector()));
        lanes.subtract(gradient, gradient, registers.delta(v));
        lanes.multiply(gradient, gradient, weight);
        lanes.multiply(gradient, gradient, scale);
        lanes.store(at(RDX, v * shape.vector()), gradient);
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
