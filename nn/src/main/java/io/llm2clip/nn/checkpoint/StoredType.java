package io.llm2clip.nn.checkpoint;

import java.util.Optional;

/** Element types of a checkpoint file, under the names that safetensors gives them, in its order: narrowest first. */
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
    U64(8);

    private final int bytes;

    StoredType(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    static Optional<StoredType> named(String name) {
        for (StoredType type : values()) {
            if (type.name().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
