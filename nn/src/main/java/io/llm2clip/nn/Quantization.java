package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Rounds floats to blocks of integers with a scale, as GGUF's reference quantizer does. */
final class Quantization {
    private Quantization() {}

    /**
     * Writes whole blocks.
     *
     * @param floats a multiple of the block's size of them
     * @param format Q8 or Q4
     * @param order of the scales' bytes
     * @param blocks room for them
     */
    static void quantize(float[] floats, DType format, ByteOrder order, MemorySegment blocks) {
        int size = format.blockSize();
        int bytes = Math.toIntExact(format.bytes(size));
        byte[] block = new byte[bytes];
        for (int first = 0; first < floats.length; first += size) {
            switch (format) {
                case Q8 -> q8(floats, first, order, block);
                case Q4 -> q4(floats, first, order, block);
                default -> throw new IllegalArgumentException("Quantization to " + format + "; expected Q8 or Q4.");
            }
            MemorySegment.copy(block, 0, blocks, ValueLayout.JAVA_BYTE, (long) first / size * bytes, bytes);
        }
    }

    private static void q8(float[] floats, int first, ByteOrder order, byte[] block) {
        float scale = Math.abs(largest(floats, first)) / 127;
        scale(block, order, scale);
        float inverse = scale == 0 ? 0 : 1 / scale;
        for (int i = 0; i < 32; i++) {
            block[2 + i] = (byte) Math.round(floats[first + i] * inverse);
        }
    }

    /** The element of the largest magnitude becomes -8, of which there is no positive counterpart. */
    private static void q4(float[] floats, int first, ByteOrder order, byte[] block) {
        float scale = largest(floats, first) / -8;
        scale(block, order, scale);
        float inverse = scale == 0 ? 0 : 1 / scale;
        for (int i = 0; i < 16; i++) {
            int low = nibble(floats[first + i] * inverse);
            int high = nibble(floats[first + 16 + i] * inverse);
            block[2 + i] = (byte) (low | high << 4);
        }
    }

    private static int nibble(float value) {
        return Math.clamp((int) (value + 8.5f), 0, 15);
    }

    private static void scale(byte[] block, ByteOrder order, float scale) {
        short half = Float.floatToFloat16(scale);
        boolean little = order == ByteOrder.LITTLE_ENDIAN;
        block[0] = (byte) (little ? half : half >> 8);
        block[1] = (byte) (little ? half >> 8 : half);
    }

    /** The element of the largest magnitude, with its sign; one that is not a number before all, so that it is not lost. */
    private static float largest(float[] floats, int first) {
        float largest = 0;
        for (int i = first; i < first + 32; i++) {
            if (Math.abs(floats[i]) > Math.abs(largest) || Float.isNaN(floats[i])) {
                largest = floats[i];
            }
        }
        return largest;
    }
}
