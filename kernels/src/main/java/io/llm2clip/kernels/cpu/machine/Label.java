package io.llm2clip.kernels.cpu.machine;

/** A place in a program that jumps go to; before or after it is bound. */
public final class Label {
    static final int UNBOUND = -1;

    int position = UNBOUND;

    Label() {}
}
