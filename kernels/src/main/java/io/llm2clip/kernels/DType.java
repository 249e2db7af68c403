package io.llm2clip.kernels;

/** Element types of buffers and tensors. There is no implicit promotion between them anywhere in the engine. */
public enum DType {
    /** IEEE 754 binary32. */
    F32(4),
    /** The upper half of an {@link #F32}; a storage type, converted to f32 before arithmetic. */
    BF16(2),
    /** IEEE 754 binary16; a storage type, converted to f32 before arithmetic. */
    F16(2),
    /** Two's complement 32-bit integer; used for indices. */
    I32(4),
    /** A truth value, stored as the f32 lanes 0 and 1 so that a mask multiplies and selects without conversion. */
    BOOL(4);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** The type as which elements lie in memory: truth values are f32 lanes, any other type is its own. */
    public DType stored() {
        return this == BOOL ? F32 : this;
    }

    /** The type after which the arena is called in which a device has elements; those of 16 bits, bits to a device, share one. */
    public DType arena() {
        return this == F16 ? BF16 : stored();
    }
}
