package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Rounds floats to blocks of integers with a scale, and of 4 bits with a minimum, as GGUF's reference quantizer does. */
final class Quantization {
    private Quantization() {}

    /**
     * Writes whole blocks.
     *
     * @param floats a multiple of the block's size of them
     * @param format Q8 or Q4_1
     * @param order of the bytes of scales and minima
     * @param blocks room for them
     */
    static void quantize(float[] floats, DType format, ByteOrder order, MemorySegment blocks) {
        int size = format.blockSize();
        int bytes = Math.toIntExact(format.bytes(size));
        byte[] block = new byte[bytes];
        for (int first = 0; first < floats.length; first += size) {
            switch (format) {
                case Q8 -> q8(floats, first, order, block);
                case Q4_1 -> q4(floats, first, order, block);
                default -> throw new IllegalArgumentException("Quantization to " + format + "; expected Q8 or Q4_1.");
            }
            MemorySegment.copy(block, 0, blocks, ValueLayout.JAVA_BYTE, (long) first / size * bytes, bytes);
        }
    }

    private static void q8(float[] floats, int first, ByteOrder order, byte[] block) {
        float scale = Math.abs(largest(floats, first)) / 127;
        half(block, 0, order, scale);
        float inverse = scale == 0 ? 0 : 1 / scale;
        for (int i = 0; i < 32; i++) {
            block[2 + i] = (byte) Math.round(floats[first + i] * inverse);
        }
    }

    /** The smallest element becomes 0, the greatest 15; if one is not a number both are none, so that it is not lost. */
    private static void q4(float[] floats, int first, ByteOrder order, byte[] block) {
        float least = floats[first];
        float greatest = floats[first];
        for (int i = first; i < first + 32; i++) {
            least = Math.min(least, floats[i]);
            greatest = Math.max(greatest, floats[i]);
        }
        float scale = (greatest - least) / 15;
        half(block, 0, order, scale);
        half(block, Short.BYTES, order, least);
        float inverse = scale == 0 ? 0 : 1 / scale;
        for (int i = 0; i < 16; i++) {
            int low = nibble((floats[first + i] - least) * inverse);
            int high = nibble((floats[first + 16 + i] - least) * inverse);
            block[2 * Short.BYTES + i] = (byte) (low | high << 4);
        }
    }

    private static int nibble(float value) {
        return Math.clamp(Math.round(value), 0, 15);
    }

    private static void half(byte[] block, int at, ByteOrder order, float value) {
        short half = Float.floatToFloat16(value);
        boolean little = order == ByteOrder.LITTLE_ENDIAN;
        block[at] = (byte) (little ? half : half >> 8);
        block[at + 1] = (byte) (little ? half >> 8 : half);
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
