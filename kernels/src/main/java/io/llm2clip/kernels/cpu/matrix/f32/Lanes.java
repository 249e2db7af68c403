package io.llm2clip.kernels.cpu.matrix.f32;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;

/** Vectors of f32 of one width, as programs use them: registers by number, with the instructions that both widths have. */
abstract sealed class Lanes permits Lanes256, Lanes512 {
    final Assembler a;
    final int count;
    final int bytes;

    Lanes(Assembler a, int count) {
        this.a = a;
        this.count = count;
        bytes = count * Float.BYTES;
    }

    /** Reads the masks of two vectors' columns from a call; may change RAX. */
    abstract void masks(Gpr call, int offset);

    abstract void load(int to, Address from);

    /** Loads the lanes of a vector's mask and sets the others to 0; memory of these is not touched. */
    abstract void load(int to, int vector, Address from);

    abstract void store(Address to, int from);

    /** Stores the lanes of a vector's mask. */
    abstract void store(Address to, int vector, int from);

    abstract void broadcast(int to, Address from);

    abstract void clear(int to);

    /** {@code sum += a b}, rounded once. */
    abstract void multiplyAdd(int sum, int a, int b);

    abstract void add(int to, int a, int b);

    /** Loads a vector of bf16, which has half of the bytes, as f32. */
    abstract void loadBf16(int to, Address from);

    /** The bf16 in the lower, or upper, half of each lane as f32. */
    abstract void widen(int to, int from, boolean upper);

    /** Loads four lanes and sets the others to 0. */
    abstract void loadFour(int to, Address from);

    /** Loads four lanes, the {@code quarter}-th of a vector. */
    abstract void insertFour(int to, int quarter, Address from);

    /** Of each four lanes the lower, or upper, two of a and b in turn. */
    abstract void unpack(int to, int a, int b, boolean upper);

    /** Of each four lanes the lower, or upper, two of a and then of b. */
    abstract void unpackPairs(int to, int a, int b, boolean upper);
}
