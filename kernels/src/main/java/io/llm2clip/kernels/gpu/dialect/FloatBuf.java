package io.llm2clip.kernels.gpu.dialect;

/** Arena of f32 elements, addressed by element. */
public abstract class FloatBuf {
    /** For the runtimes that execute kernels. */
    protected FloatBuf() {}

    public abstract float get(int index);

    public abstract void set(int index, float value);

    /** Number of elements. */
    public abstract int getSize();
}
