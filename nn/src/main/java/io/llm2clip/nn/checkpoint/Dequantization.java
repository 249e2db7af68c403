package io.llm2clip.nn.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Elements of quantized blocks as floats, as the reference implementation of GGUF computes them. */
final class Dequantization {
    private static final int SUPER = 256;
    private static final int SCALES = 12;
    /** What changes no number when it is added, zeros included. */
    private static final float NO_MINIMUM = -0.0f;

    private final StoredType type;
    private final byte[] block;
    private final float[] values;

    Dequantization(StoredType type) {
        this.type = type;
        block = new byte[Math.toIntExact(type.bytes(type.blockSize()))];
        values = new float[type.blockSize()];
    }

    /**
     * Writes elements {@code first .. end-1} as floats of native byte order.
     *
     * @param data whole blocks, the first of which has element 0
     */
    void copy(MemorySegment data, MemorySegment target, long first, long end) {
        int size = type.blockSize();
        for (long at = first; at < end; ) {
            long index = at / size;
            MemorySegment.copy(data, ValueLayout.JAVA_BYTE, index * block.length, block, 0, block.length);
            expand();
            int from = (int) (at - index * size);
            int count = (int) Math.min(size - from, end - at);
            MemorySegment.copy(
                    values, from, target, ValueLayout.JAVA_FLOAT_UNALIGNED, (at - first) * Float.BYTES, count);
            at += count;
        }
    }

    private void expand() {
        switch (type) {
            case Q8_0 -> {
                float scale = half(0);
                for (int i = 0; i < values.length; i++) {
                    values[i] = scale * block[2 + i];
                }
            }
            case Q4_0 -> nibbles(2, half(0), 8, NO_MINIMUM, -1);
            case Q4_1 -> nibbles(4, half(0), 0, half(2), -1);
            case Q5_0 -> nibbles(6, half(0), 16, NO_MINIMUM, 2);
            case Q5_1 -> nibbles(8, half(0), 0, half(2), 4);
            case Q4_K -> superBlock(4 + SCALES, -1);
            case Q5_K -> superBlock(4 + SCALES + SUPER / 8, 4 + SCALES);
            case Q6_K -> sixBits();
            default -> throw new IllegalStateException(type + " is not quantized.");
        }
    }

    /**
     * 32 elements, the first 16 in the low nibbles.
     *
     * @param at where the nibbles are
     * @param zero what stands for zero
     * @param fifth where a fifth bit of each is, or -1 for none
     */
    private void nibbles(int at, float scale, int zero, float minimum, int fifth) {
        for (int i = 0; i < 32; i++) {
            int q = block[at + i % 16] >> (i < 16 ? 0 : 4) & 0xF;
            if (fifth >= 0) {
                q |= (block[fifth + i / 8] >> i % 8 & 1) << 4;
            }
            values[i] = scale * (q - zero) + minimum;
        }
    }

    /**
     * 8 groups of 32; two groups share bytes, the first of them in the low nibbles.
     *
     * @param at where the nibbles are
     * @param fifth where a fifth bit of each is, a bit for each group, or -1 for none
     */
    private void superBlock(int at, int fifth) {
        for (int group = 0; group < 8; group++) {
            float scale = half(0) * scale(group, 0);
            float minimum = half(2) * scale(group, 4);
            for (int i = 0; i < 32; i++) {
                int q = block[at + group / 2 * 32 + i] >> group % 2 * 4 & 0xF;
                if (fifth >= 0) {
                    q |= (block[fifth + i] >> group & 1) << 4;
                }
                values[group * 32 + i] = scale * q - minimum;
            }
        }
    }

    /** Of 6 bits: those of the first 4 groups are together, of the others the upper 2 are above those of the first. */
    private int scale(int group, int minimum) {
        int at = 4;
        if (group < 4) {
            return block[at + minimum + group] & 0x3F;
        }
        int low = block[at + 4 + group] >> minimum & 0xF;
        return low | block[at + minimum + group - 4] >> 2 & 0x30;
    }

    /** Halves of 128; within each, 4 groups of 32, of which two share nibbles and all share bytes of 2 upper bits each. */
    private void sixBits() {
        int high = 128;
        int scales = high + 64;
        float scale = half(scales + 16);
        for (int i = 0; i < SUPER; i++) {
            int part = i / 128;
            int group = i % 128 / 32;
            int low = block[part * 64 + i % 64] >> group / 2 * 4 & 0xF;
            int q = low | (block[high + part * 32 + i % 32] >> group * 2 & 3) << 4;
            values[i] = scale * block[scales + i / 16] * (q - 32);
        }
    }

    private float half(int at) {
        return Float.float16ToFloat((short) (block[at] & 0xFF | block[at + 1] << Byte.SIZE));
    }
}
