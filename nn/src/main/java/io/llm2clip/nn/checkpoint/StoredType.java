package io.llm2clip.nn.checkpoint;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Element types of a checkpoint file, under the names that safetensors and GGUF give them. Those of safetensors are first, in its
 * order, narrowest first. Quantized types follow, which store blocks of elements of a row that share scales.
 */
public enum StoredType {
    /** One byte, 0 or 1. */
    BOOL(1),
    U8(1),
    I8(1),
    /** A float of 8 bits with 5 of exponent. */
    F8_E5M2(1),
    /** A float of 8 bits with 4 of exponent, without infinities. */
    F8_E4M3(1),
    I16(2),
    U16(2),
    /** IEEE 754 binary16. */
    F16(2),
    /** The upper half of an IEEE 754 binary32. */
    BF16(2),
    I32(4),
    U32(4),
    F32(4),
    F64(8),
    I64(8),
    U64(8),
    /** 4 bits and a scale. */
    Q4_0(32, 18),
    /** 4 bits, a scale and a minimum. */
    Q4_1(32, 20),
    /** 5 bits and a scale. */
    Q5_0(32, 22),
    /** 5 bits, a scale and a minimum. */
    Q5_1(32, 24),
    /** 8 bits and a scale. */
    Q8_0(32, 34),
    /** 4 bits; scales and minima of 6 bits for each 32, and a scale for these. */
    Q4_K(256, 144),
    /** 5 bits; scales and minima of 6 bits for each 32, and a scale for these. */
    Q5_K(256, 176),
    /** 6 bits; scales of 8 bits for each 16, and a scale for these. */
    Q6_K(256, 210);

    private static final List<StoredType> PLAIN =
            Arrays.stream(values()).filter(type -> !type.isQuantized()).toList();
    private static final List<StoredType> QUANTIZED =
            Arrays.stream(values()).filter(StoredType::isQuantized).toList();

    private final int blockSize;
    private final int blockBytes;

    StoredType(int bytes) {
        this(1, bytes);
    }

    StoredType(int blockSize, int blockBytes) {
        this.blockSize = blockSize;
        this.blockBytes = blockBytes;
    }

    /**
     * Size of one element in bytes.
     *
     * @throws UnsupportedOperationException for a quantized type, whose elements share bytes
     */
    public int bytes() {
        if (isQuantized()) {
            throw new UnsupportedOperationException(
                    "An element of " + this + " has no bytes of its own; ask for the bytes of whole blocks.");
        }
        return blockBytes;
    }

    /**
     * Size of a number of elements in bytes, which are whole blocks.
     *
     * @throws IllegalArgumentException if they are not
     */
    public long bytes(long elements) {
        if (elements % blockSize != 0) {
            throw new IllegalArgumentException(
                    "%d elements of %s, expected a multiple of %d.".formatted(elements, this, blockSize));
        }
        return Math.multiplyExact(elements / blockSize, blockBytes);
    }

    /** Elements of a block; 1 for a type that is not quantized. */
    public int blockSize() {
        return blockSize;
    }

    /** Whether elements are stored in blocks that share scales. */
    public boolean isQuantized() {
        return blockSize > 1;
    }

    /** Those whose elements have bytes of their own, which are those of safetensors. */
    static List<StoredType> plain() {
        return PLAIN;
    }

    /** Those of blocks, under GGUF's names. */
    static List<StoredType> quantized() {
        return QUANTIZED;
    }

    /** The type of blocks that GGUF calls so. */
    static Optional<StoredType> quantized(String name) {
        return QUANTIZED.stream().filter(type -> type.name().equals(name)).findFirst();
    }

    /** The type that safetensors calls so. */
    static Optional<StoredType> named(String name) {
        return PLAIN.stream().filter(type -> type.name().equals(name)).findFirst();
    }
}
