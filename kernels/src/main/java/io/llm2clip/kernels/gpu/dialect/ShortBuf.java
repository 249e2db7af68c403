package io.llm2clip.kernels.gpu.dialect;

/** Arena of the bits of 16-bit elements, addressed by element; kernels convert them and compute in f32. */
public abstract class ShortBuf {
    /** For the runtimes that execute kernels. */
    protected ShortBuf() {}

    /** Reads an element's bits. */
    public abstract short get(int index);

    /** Writes an element's bits. */
    public abstract void set(int index, short bits);

    /** Number of elements. */
    public abstract int getSize();
}
