package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.operations.Matmul;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A row of A in int8, in plain Java: blocks of 32, each with its greatest magnitude / 127 as the scale.
 *
 * @param numbers from -127 to 127
 * @param scales one per block
 */
public record QuantizedRows(byte[] numbers, float[] scales) {
    static final int BLOCK = 32;

    /** Quantizes k elements. */
    public static QuantizedRows of(MemorySegment a, long first, int k) {
        byte[] numbers = new byte[k];
        float[] scales = new float[k / BLOCK];
        for (int block = 0; block < scales.length; block++) {
            float greatest = 0x1p-100f;
            for (int i = 0; i < BLOCK; i++) {
                greatest = Math.max(greatest, Math.abs(element(a, first + block * BLOCK + i)));
            }
            scales[block] = greatest * (1f / 127);
            for (int i = 0; i < BLOCK; i++) {
                float steps = element(a, first + block * BLOCK + i) * (127 / greatest);
                numbers[block * BLOCK + i] = (byte) Math.rint(steps);
            }
        }
        return new QuantizedRows(numbers, scales);
    }

    private static float element(MemorySegment a, long index) {
        return a.get(ValueLayout.JAVA_FLOAT_UNALIGNED, index * Float.BYTES);
    }

    /** All of A as it is after quantizing; what is between its rows stays as it is. */
    static MemorySegment rounded(Matmul op, MemorySegment a, Arena arena) {
        MemorySegment rounded = arena.allocate(Math.max(1, a.byteSize()), 64)
                .asSlice(0, a.byteSize())
                .copyFrom(a);
        for (int batch = 0; batch < op.batch(); batch++) {
            for (int row = 0; row < op.m(); row++) {
                long first = op.a().index(batch, row, 0);
                QuantizedRows quantized = of(a, first, op.k());
                for (int i = 0; i < op.k(); i++) {
                    float value = quantized.numbers[i] * quantized.scales[i / BLOCK];
                    rounded.set(ValueLayout.JAVA_FLOAT_UNALIGNED, (first + i) * Float.BYTES, value);
                }
            }
        }
        return rounded;
    }
}
