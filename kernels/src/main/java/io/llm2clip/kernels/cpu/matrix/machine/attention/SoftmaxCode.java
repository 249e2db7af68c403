package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R12;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Lanes;

/**
 * The part of a {@link BlockProgram} between the two products: the scores of a chunk become weights, powers of two less the greatest
 * score so far, and what was summed before is corrected for a new greatest one. R10 is the scratch memory, R12 the chunk's description.
 */
final class SoftmaxCode {
    private static final int MINUS_INFINITY = 0;

    private final Assembler a;
    private final BlockShape shape;
    private final Lanes lanes;
    private final SoftmaxRegisters registers;
    private final PowersOfTwo powers;

    SoftmaxCode(Assembler a, BlockShape shape) {
        this.a = a;
        this.shape = shape;
        lanes = shape.lanes(a);
        registers = new SoftmaxRegisters(shape.width());
        powers = PowersOfTwo.of(a, shape, registers);
    }

    /** Before the first chunk. A greatest score that is finite makes 0 of minus infinity, and NaN of nothing else. */
    void begin() {
        int greatest = registers.greatest(0);
        int sum = registers.sum(0);
        lanes.broadcast(greatest, at(RDI, BlockCall.LEAST));
        lanes.clear(sum);
        for (int v = 0; v < shape.vectors(); v++) {
            lanes.store(at(R10, shape.greatest() + v * shape.vector()), greatest);
            lanes.store(at(R10, shape.sums() + v * shape.vector()), sum);
        }
    }

    /** Scores of keys that a query does not see become minus infinity, whatever they are. */
    void mask() {
        SeenLanes seen = new SeenLanes(a, shape.width(), RDX);
        Label end = a.label();
        a.mov(RCX, at(R12, BlockCall.MASKED));
        a.test(RCX, RCX);
        a.jz(end);
        lanes.broadcast(MINUS_INFINITY, at(RDI, BlockCall.MINUS_INFINITY));
        a.mov(RDX, at(R12, BlockCall.MASKS));
        a.mov(RAX, at(R12, BlockCall.MASKED_SCORES));
        a.add(RAX, R10);
        Label key = a.here();
        for (int v = 0; v < shape.vectors(); v++) {
            seen.replace(v, at(RAX, v * shape.vector()), MINUS_INFINITY);
        }
        seen.nextKey();
        a.add(RAX, shape.row());
        a.sub(RCX, 1);
        a.jnz(key);
        a.bind(end);
    }

    void weights() {
        powers.constants();
        VectorGroup all = new VectorGroup(0, shape.vectors());
        all.forEach(v -> lanes.load(registers.greatest(v), at(R10, shape.greatest() + v * shape.vector())));
        greatest(all);
        registers.groups(shape.vectors()).forEach(this::weights);
    }

    /** Replaces the greatest scores of vectors by greater ones. */
    void greatest(VectorGroup vectors) {
        keys(() -> vectors.forEach(v -> {
            lanes.load(registers.exponent(v), at(RAX, v * shape.vector()));
            // Of NaN the greatest so far is kept; its weight is NaN.
            lanes.maximum(registers.greatest(v), registers.exponent(v), registers.greatest(v));
        }));
    }

    private void weights(VectorGroup group) {
        group.forEach(v -> {
            lanes.load(registers.exponent(v), at(R10, shape.greatest() + v * shape.vector()));
            lanes.store(at(R10, shape.greatest() + v * shape.vector()), registers.greatest(v));
            lanes.subtract(registers.exponent(v), registers.exponent(v), registers.greatest(v));
            lanes.clear(registers.sum(v));
        });
        powers.unscaled(group);
        group.forEach(v -> powers.scale(registers.correction(v), v));
        keys(() -> {
            group.forEach(v -> {
                lanes.load(registers.exponent(v), at(RAX, v * shape.vector()));
                lanes.subtract(registers.exponent(v), registers.exponent(v), registers.greatest(v));
            });
            powers.unscaled(group);
            group.forEach(v -> {
                powers.scale(registers.power(v), v);
                lanes.store(at(RAX, v * shape.vector()), registers.power(v));
                lanes.add(registers.sum(v), registers.sum(v), registers.power(v));
            });
        });
        group.forEach(v -> {
            lanes.load(registers.power(v), at(R10, shape.sums() + v * shape.vector()));
            lanes.multiplyThenAdd(registers.power(v), registers.correction(v), registers.sum(v));
            lanes.store(at(R10, shape.sums() + v * shape.vector()), registers.power(v));
            if (!registers.correctionsStay()) {
                lanes.store(at(R10, shape.corrections() + v * shape.vector()), registers.correction(v));
            }
        });
    }

    /** Before {@link #correct}: what {@link #weights} found, and products may have overwritten. */
    void corrections() {
        if (!registers.correctionsStay()) {
            for (int v = 0; v < shape.vectors(); v++) {
                lanes.load(registers.productCorrection(v), at(R10, shape.corrections() + v * shape.vector()));
            }
        }
    }

    /** What was summed over earlier chunks, at an address, as this one's sums begin. */
    void correct(int to, int vector, Address before) {
        lanes.multiply(to, registers.productCorrection(vector), before);
    }

    /** After the last chunk: the sums become their inverses. */
    void invert() {
        int one = registers.power(0);
        lanes.broadcast(one, at(RDI, BlockCall.ONE));
        for (int v = 0; v < shape.vectors(); v++) {
            int sum = registers.sum(v);
            lanes.load(sum, at(R10, shape.sums() + v * shape.vector()));
            lanes.divide(sum, one, sum);
            lanes.store(at(R10, shape.sums() + v * shape.vector()), sum);
        }
    }

    /** For each key of the chunk, RAX at its scores. */
    private void keys(Runnable body) {
        a.lea(RAX, at(R10, shape.scores()));
        a.mov(RCX, at(R12, BlockCall.COUNT));
        Label key = a.here();
        body.run();
        a.add(RAX, shape.row());
        a.sub(RCX, 1);
        a.jnz(key);
    }
}
