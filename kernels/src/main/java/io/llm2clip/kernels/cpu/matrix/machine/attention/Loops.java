package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Label;

/** Encodes loops. */
final class Loops {
    private Loops() {}

    /** Repeats as often as memory says, which may be 0 times. */
    static void times(Assembler a, Gpr counter, Address count, Runnable body) {
        Label end = a.label();
        a.mov(counter, count);
        a.test(counter, counter);
        a.jz(end);
        Label begin = a.here();
        body.run();
        a.sub(counter, 1);
        a.jnz(begin);
        a.bind(end);
    }
}
