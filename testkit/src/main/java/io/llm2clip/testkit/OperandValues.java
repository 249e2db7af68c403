package io.llm2clip.testkit;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.reference.StoredElements;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Draws what operands hold before a run. */
final class OperandValues {
    private OperandValues() {}

    /** @param draw draws an element; null for values of the kind that {@link OperationCheck} promises */
    static void fill(
            Operand operand,
            MemorySegment segment,
            RandomGenerator random,
            @Nullable ToDoubleFunction<RandomGenerator> draw) {
        Operand.Bounds bounds = operand.bounds();
        if (operand.dtype().isQuantized()) {
            fillBlocks(operand.dtype(), segment, random);
        } else if (draw != null) {
            StoredElements elements = new StoredElements(operand.dtype(), segment);
            for (long i = 0; i < operand.elements(); i++) {
                elements.set(i, draw.applyAsDouble(random));
            }
        } else if (operand.dtype() == DType.I32) {
            fillInts(bounds, segment, operand.elements(), random);
        } else {
            StoredElements elements = new StoredElements(operand.dtype(), segment);
            for (long i = 0; i < operand.elements(); i++) {
                elements.set(i, operand.dtype() == DType.BOOL ? random.nextInt(2) : random.nextInt(-128, 129) / 64.0);
            }
        }
    }

    private static void fillInts(
            Operand.@Nullable Bounds bounds, MemorySegment segment, long elements, RandomGenerator random) {
        IntStream drawn = bounds == null
                ? IntStream.generate(() -> random.nextBoolean() ? random.nextInt(-2, 3) : random.nextInt())
                : IntStream.generate(() -> (int) random.nextLong(bounds.least(), bounds.most() + 1L));
        int[] values = drawn.limit(elements).toArray();
        if (bounds != null && bounds.ascending()) {
            values = IntStream.of(values).sorted().toArray();
            if (values.length > 0 && random.nextBoolean()) {
                values[0] = bounds.least();
                values[values.length - 1] = bounds.most();
            }
        }
        MemorySegment.copy(values, 0, segment, ValueLayout.JAVA_INT_UNALIGNED, 0, values.length);
    }

    /** What blocks store as most, by which scales are chosen that keep values below 2; twice that where a minimum is added. */
    private static float range(DType dtype) {
        return dtype == DType.Q8 ? 128 : dtype == DType.Q4 ? 8 : 32;
    }

    private static void fillBlocks(DType dtype, MemorySegment segment, RandomGenerator random) {
        float most = 2 / range(dtype);
        byte[] block = new byte[(int) dtype.bytes(dtype.blockSize())];
        for (long at = 0; at < segment.byteSize(); at += block.length) {
            random.nextBytes(block);
            MemorySegment.copy(block, 0, segment, ValueLayout.JAVA_BYTE, at, block.length);
            segment.set(
                    ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16((float) random.nextDouble(-most, most)));
            if (dtype.hasMinimum()) {
                short minimum = Float.floatToFloat16((float) random.nextDouble(-1, 1));
                segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + Short.BYTES, minimum);
            }
        }
    }
}
