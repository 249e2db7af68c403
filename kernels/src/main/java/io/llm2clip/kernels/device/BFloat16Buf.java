package io.llm2clip.kernels.device;

/** Arena of bf16 elements, addressed by element and converted at access; kernels compute in f32. */
public abstract class BFloat16Buf {
    /** For the runtimes that execute kernels. */
    protected BFloat16Buf() {}

    /** The element's exact value. */
    public abstract float getFloat(int index);

    /** Rounds to nearest even; NaN stays NaN. */
    public abstract void setFloat(int index, float value);

    /** The element's bits. */
    public abstract short get(int index);

    /** Sets the element's bits. */
    public abstract void set(int index, short bits);

    /** Number of elements. */
    public abstract int getSize();
}
