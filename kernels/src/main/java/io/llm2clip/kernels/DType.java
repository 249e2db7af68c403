package io.llm2clip.kernels;

/**
 * The format of stored elements. There is no implicit promotion between formats anywhere in the engine.
 *
 * <p>A dense format gives each element bytes of its own. A quantized one stores blocks of 32 elements that follow each other in a
 * row (the row-major fastest axis), each block with one f16 scale and, in some formats, an f16 minimum; rows are whole blocks. Quantized
 * elements are read only, by the operations that say so.
 */
public enum DType {
    /** IEEE 754 binary32. */
    F32(4, 1),
    /** The upper half of an {@link #F32}; a storage type, converted to f32 before arithmetic. */
    BF16(2, 1),
    /** IEEE 754 binary16; a storage type, converted to f32 before arithmetic. */
    F16(2, 1),
    /** Two's complement 32-bit integer; used for indices. */
    I32(4, 1),
    /** A truth value, stored as the f32 lanes 0 and 1 so that a mask multiplies and selects without conversion. */
    BOOL(4, 1),
    /** Blocks of 32: an f16 scale d, then 32 signed bytes q; the value is {@code d * q}. GGUF calls this Q8_0. */
    Q8(34, 32),
    /**
     * Blocks of 32: an f16 scale d, then 16 bytes whose low nibbles are the elements 0 to 15 and whose high nibbles are 16 to 31;
     * the value is {@code d * (q - 8)}. GGUF calls this Q4_0.
     */
    Q4(18, 32),
    /**
     * Blocks of 32: an f16 scale d and an f16 minimum m, then nibbles as in {@link #Q4}; the value is {@code d * q + m}. GGUF calls
     * this Q4_1.
     */
    Q4_1(20, 32);

    private final int blockBytes;
    private final int blockSize;

    DType(int blockBytes, int blockSize) {
        this.blockBytes = blockBytes;
        this.blockSize = blockSize;
    }

    /**
     * Size of one element in bytes.
     *
     * @throws UnsupportedOperationException for a quantized format, whose elements share bytes
     */
    public int bytes() {
        if (isQuantized()) {
            throw new UnsupportedOperationException(
                    "An element of " + this + " has no bytes of its own; ask for the bytes of whole blocks.");
        }
        return blockBytes;
    }

    /**
     * Size of a number of elements in bytes; as a number of elements to skip, the offset in bytes.
     *
     * @throws IllegalArgumentException if they are not whole blocks
     */
    public long bytes(long elements) {
        if (elements % blockSize != 0) {
            throw new IllegalArgumentException(elements + " elements of " + this + ", expected a multiple of "
                    + blockSize + "; pad the rows, or use a dense format.");
        }
        return Math.multiplyExact(elements / blockSize, blockBytes);
    }

    /** Elements of a block; 1 for a dense format. */
    public int blockSize() {
        return blockSize;
    }

    /** Whether elements are stored in blocks that share a scale. */
    public boolean isQuantized() {
        return blockSize > 1;
    }

    /** Whether blocks have a minimum behind their scale, to which scaled elements are added. */
    public boolean hasMinimum() {
        return this == Q4_1;
    }

    /** Bytes of a quantized block before its elements: those of its scale and of its minimum. */
    public int headerBytes() {
        return hasMinimum() ? 2 * Short.BYTES : Short.BYTES;
    }

    /** Alignment in bytes of the first element. */
    public int alignment() {
        return isQuantized() ? Short.BYTES : blockBytes;
    }

    /** The format of elements in memory: truth values are f32 lanes, any other format is its own. */
    public DType stored() {
        return this == BOOL ? F32 : this;
    }

    /** The arena that stores this format on a device; all but f32 and i32 share one, because devices see them as 16-bit words. */
    public DType arena() {
        return this == F16 || isQuantized() ? BF16 : stored();
    }

    /** How many of the {@link #arena}'s elements a number of elements takes; as a number of elements to skip, the offset there. */
    public long arenaElements(long elements) {
        return bytes(elements) / arena().bytes();
    }
}
