package io.llm2clip.kernels.cpu.simd;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.runtime.Memory;
import java.lang.foreign.ValueLayout;

/**
 * How stored elements become the 32-bit lanes that kernels compute with, and back. Kernels convert a block at a time that fits the
 * first-level cache, so that memory is passed once. Bits do not depend on where a block begins, those of a NaN included.
 */
public enum ElementFormat {
    /** 32 bits as they are: f32 values, or anything that is only moved. */
    WORD(4),
    /** 16 bits as they are, in the lower half of a lane: they are only moved. */
    HALF_WORD(2),
    BF16(2),
    F16(2),
    I32(4);

    private final int bytes;

    ElementFormat(int bytes) {
        this.bytes = bytes;
    }

    /** The format whose lanes are the elements' values as f32. */
    public static ElementFormat of(DType dtype) {
        return switch (dtype) {
            case F32, BOOL -> WORD;
            case BF16 -> BF16;
            case F16 -> F16;
            case I32 -> I32;
            case Q8, Q4, Q4_1 ->
                throw new IllegalArgumentException("Elements of " + dtype + " share a scale, read blocks.");
        };
    }

    /** The format whose lanes keep the elements' bits. */
    public static ElementFormat ofBits(DType dtype) {
        return dtype.bytes() == Short.BYTES ? HALF_WORD : WORD;
    }

    /** Size of a stored element. */
    public int bytes() {
        return bytes;
    }

    /** Reads contiguous elements into as many lanes. */
    public void load(long source, int count, long lanes) {
        int vectors = count / LANES;
        switch (this) {
            case WORD -> FormatLoops.move(source, vectors, lanes);
            case HALF_WORD -> FormatLoops.loadHalfWords(source, vectors, lanes);
            case BF16 -> FormatLoops.loadBf16(source, vectors, lanes);
            case F16 -> FormatLoops.loadF16(source, vectors, lanes);
            case I32 -> FormatLoops.loadInts(source, vectors, lanes);
        }
        long done = (long) vectors * LANES;
        gather(source + done * bytes, bytes, (int) (count - done), lanes + done * Float.BYTES, Float.BYTES);
    }

    /** Writes lanes as contiguous elements, each rounded to the nearest that the format has; i32 towards zero, saturating, NaN as 0. */
    public void store(long lanes, int count, long target) {
        int vectors = count / LANES;
        switch (this) {
            case WORD -> FormatLoops.move(lanes, vectors, target);
            case HALF_WORD -> FormatLoops.storeHalfWords(lanes, vectors, target);
            case BF16 -> FormatLoops.storeBf16(lanes, vectors, target);
            case F16 -> FormatLoops.storeF16(lanes, vectors, target);
            case I32 -> FormatLoops.storeInts(lanes, vectors, target);
        }
        for (long i = (long) vectors * LANES; i < count; i++) {
            store(Memory.getInt(lanes + i * Float.BYTES), target + i * bytes);
        }
    }

    /** Reads elements that are some bytes apart into lanes that are. */
    public void gather(long source, long step, int count, long lanes, long laneStep) {
        switch (this) {
            case WORD -> {
                for (int i = 0; i < count; i++, source += step, lanes += laneStep) {
                    Memory.putInt(lanes, Memory.getInt(source));
                }
            }
            case HALF_WORD -> {
                for (int i = 0; i < count; i++, source += step, lanes += laneStep) {
                    Memory.putInt(lanes, half(source));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++, source += step, lanes += laneStep) {
                    Memory.putInt(lanes, half(source) << 16);
                }
            }
            case F16 -> {
                for (int i = 0; i < count; i++, source += step, lanes += laneStep) {
                    Memory.putInt(lanes, fromF16(half(source)));
                }
            }
            case I32 -> {
                for (int i = 0; i < count; i++, source += step, lanes += laneStep) {
                    Memory.putFloat(lanes, Memory.getInt(source));
                }
            }
        }
    }

    private void store(int lane, long target) {
        switch (this) {
            case WORD -> Memory.putInt(target, lane);
            case HALF_WORD -> putHalf(target, lane);
            case BF16 -> putHalf(target, toBf16(lane));
            case F16 -> putHalf(target, toF16(lane));
            case I32 -> Memory.putInt(target, (int) Float.intBitsToFloat(lane));
        }
    }

    /** Half a unit in the last place less one bit, plus that place's own bit: ties go to even. A NaN stays a quiet one. */
    private static int toBf16(int lane) {
        int rounded = isNaN(lane) ? lane | FormatLoops.QUIET : lane + 0x7FFF + (lane >>> 16 & 1);
        return rounded >>> 16;
    }

    private static int toF16(int lane) {
        int sign = lane >>> 16 & 0x8000;
        return sign | (isNaN(lane) ? FormatLoops.NAN_F16 : Float.floatToFloat16(Float.intBitsToFloat(lane)) & 0x7FFF);
    }

    private static int fromF16(short half) {
        int bits = Float.floatToRawIntBits(Float.float16ToFloat(half));
        return isNaN(bits) ? bits | FormatLoops.QUIET : bits;
    }

    private static boolean isNaN(int lane) {
        return (lane & 0x7FFF_FFFF) > 0x7F80_0000;
    }

    private static short half(long address) {
        return ALL.get(ValueLayout.JAVA_SHORT, address);
    }

    private static void putHalf(long address, int bits) {
        ALL.set(ValueLayout.JAVA_SHORT, address, (short) bits);
    }
}
