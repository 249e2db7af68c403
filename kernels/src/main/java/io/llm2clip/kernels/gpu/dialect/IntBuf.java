package io.llm2clip.kernels.gpu.dialect;

/** Arena of i32 elements, addressed by element. */
public abstract class IntBuf {
    /** For the runtimes that execute kernels. */
    protected IntBuf() {}

    public abstract int get(int index);

    public abstract void set(int index, int value);

    /** Number of elements. */
    public abstract int getSize();
}
