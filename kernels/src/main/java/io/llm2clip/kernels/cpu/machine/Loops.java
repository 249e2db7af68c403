package io.llm2clip.kernels.cpu.machine;

/** Encodes loops. */
public final class Loops {
    private Loops() {}

    /** Repeats as often as memory says, which may be 0 times. The counter is the body's to read only. */
    public static void times(Assembler a, Gpr counter, Address count, Runnable body) {
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
