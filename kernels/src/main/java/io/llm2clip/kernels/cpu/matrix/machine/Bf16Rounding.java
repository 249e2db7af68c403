package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Zmm;

/**
 * Encodes what rounds two vectors of f32 to one of bf16: to the nearest, ties to even; subnormal numbers are 0, as in the products.
 *
 * @param lower the first vector, which {@link #left} changes
 * @param upper the second one, which it changes, too
 * @param rounded where the result is
 * @param widened for {@link #left}
 */
record Bf16Rounding(Assembler a, Zmm lower, Zmm upper, Zmm rounded, Zmm widened) {

    void round() {
        a.vcvtne2ps2bf16(rounded, upper, lower);
    }

    /** What rounding leaves of the vectors, itself rounded; again, what that leaves. */
    void left() {
        for (Zmm x : new Zmm[] {lower, upper}) {
            a.vcvtneps2bf16(widened, x);
            a.vpmovzxwd(widened, widened);
            a.vpslld(widened, widened, 16);
            a.vsubps(x, x, widened);
        }
        round();
    }
}
