package io.llm2clip.kernels.operations;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Conversions from and to types of 16 bits against the platform's: of all bits, and of all values and what lies between them. */
public final class AllConversions {
    private AllConversions() {}

    /** Something that runs an operation on operands in memory off the heap. */
    public interface Runner {
        void run(KernelOp op, MemorySegment[] operands);
    }

    /** Asserts that the runner converts as the platform does, up to payloads of NaN. */
    public static void check(DType type, Runner runner) {
        checkValues(type, runner);
        checkBits(type, runner);
    }

    private static void checkValues(DType type, Runner runner) {
        int count = 1 << 16;
        try (Arena arena = Arena.ofShared()) {
            MemorySegment in = arena.allocate(ValueLayout.JAVA_SHORT, count);
            MemorySegment out = arena.allocate(ValueLayout.JAVA_FLOAT, count);
            for (int bits = 0; bits < count; bits++) {
                in.setAtIndex(ValueLayout.JAVA_SHORT, bits, (short) bits);
            }
            runner.run(Elementwise.convert(count, type, DType.F32), new MemorySegment[] {in, out});
            for (int bits = 0; bits < count; bits++) {
                float found = out.getAtIndex(ValueLayout.JAVA_FLOAT, bits);
                // Boxed, as NaN is to equal NaN and -0 not 0.
                Float expected = HalfSamples.value(type, (short) bits);
                assertThat(found).as("value of %s bits %x", type, bits).isEqualTo(expected);
            }
        }
    }

    private static void checkBits(DType type, Runner runner) {
        float[] samples = HalfSamples.around(type);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment in = arena.allocateFrom(ValueLayout.JAVA_FLOAT, samples);
            MemorySegment out = arena.allocate(ValueLayout.JAVA_SHORT, samples.length);
            runner.run(Elementwise.convert(samples.length, DType.F32, type), new MemorySegment[] {in, out});
            for (int i = 0; i < samples.length; i++) {
                short found = out.getAtIndex(ValueLayout.JAVA_SHORT, i);
                if (Float.isNaN(samples[i])) {
                    assertThat(HalfSamples.isQuietNaN(type, found))
                            .as("%s bits %x of NaN are a quiet NaN", type, found)
                            .isTrue();
                } else {
                    assertThat(found)
                            .as("%s bits of %a", type, samples[i])
                            .isEqualTo(HalfSamples.bits(type, samples[i]));
                }
            }
        }
    }
}
