package io.llm2clip.kernels.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.llm2clip.kernels.cpu.runtime.Memory;
import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;
import java.util.function.IntBinaryOperator;

/** Vector registers of 512 bits as lanes of 32, and masks. */
final class EmulatedVectors {
    private static final int REGISTERS = 32;
    private static final int LANES = 16;
    /** Lanes of 128 bits. */
    private static final int QUARTER = 4;

    private final int[][] registers = new int[REGISTERS][LANES];
    private final long[] masks = new long[8];
    private boolean dirty;

    boolean upperHalvesAreClean() {
        return !dirty;
    }

    /** It does not clear registers 16 to 31, which do no harm. */
    void zeroUpper() {
        for (int register = 0; register < REGISTERS / 2; register++) {
            for (int lane = 4; lane < LANES; lane++) {
                registers[register][lane] = 0;
            }
        }
        dirty = false;
    }

    void mask(int number, long bits) {
        masks[number] = bits;
    }

    long mask(int number) {
        return masks[number];
    }

    private boolean selects(int mask, int lane) {
        return mask == 0 || (masks[mask] >> lane & 1) != 0;
    }

    void set(int register, int[] lanes) {
        registers[register] = lanes;
        dirty |= register < REGISTERS / 2;
    }

    void load(int to, long address, int mask) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            if (selects(mask, lane)) {
                lanes[lane] = Memory.ALL.get(JAVA_INT_UNALIGNED, address + 4L * lane);
            }
        }
        set(to, lanes);
    }

    void store(int from, long address, int mask) {
        for (int lane = 0; lane < LANES; lane++) {
            if (selects(mask, lane)) {
                Memory.ALL.set(JAVA_INT_UNALIGNED, address + 4L * lane, registers[from][lane]);
            }
        }
    }

    int[] lanes(int register) {
        return registers[register];
    }

    int[] memory(long address) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] = Memory.ALL.get(JAVA_INT_UNALIGNED, address + 4L * lane);
        }
        return lanes;
    }

    int[] broadcast(long address) {
        int[] lanes = new int[LANES];
        Arrays.fill(lanes, Memory.ALL.get(JAVA_INT_UNALIGNED, address));
        return lanes;
    }

    void loadQuarter(int to, long address) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < QUARTER; lane++) {
            lanes[lane] = Memory.ALL.get(JAVA_INT_UNALIGNED, address + 4L * lane);
        }
        set(to, lanes);
    }

    void insertQuarter(int to, int a, long address, int quarter) {
        int[] lanes = registers[a].clone();
        for (int lane = 0; lane < QUARTER; lane++) {
            lanes[quarter * QUARTER + lane] = Memory.ALL.get(JAVA_INT_UNALIGNED, address + 4L * lane);
        }
        set(to, lanes);
    }

    void unpack(int to, int a, int[] b, boolean upper) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            int from = lane / QUARTER * QUARTER + (upper ? 2 : 0) + lane % QUARTER / 2;
            lanes[lane] = lane % 2 == 0 ? registers[a][from] : b[from];
        }
        set(to, lanes);
    }

    void unpackPairs(int to, int a, int[] b, boolean upper) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            int from = lane / QUARTER * QUARTER + (upper ? 2 : 0) + lane % 2;
            lanes[lane] = lane % QUARTER < 2 ? registers[a][from] : b[from];
        }
        set(to, lanes);
    }

    void integers(int to, int a, int[] b, IntBinaryOperator operator) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] = operator.applyAsInt(registers[a][lane], b[lane]);
        }
        set(to, lanes);
    }

    /** In double, whose results of one operation on floats are rounded to those of float. */
    void floats(int to, int a, int[] b, DoubleBinaryOperator operator) {
        integers(
                to,
                a,
                b,
                (x, y) -> Float.floatToRawIntBits(
                        (float) operator.applyAsDouble(Float.intBitsToFloat(x), Float.intBitsToFloat(y))));
    }

    void multiplyAdd(int sum, int mask, int a, int[] b) {
        int[] lanes = registers[sum].clone();
        for (int lane = 0; lane < LANES; lane++) {
            if (selects(mask, lane)) {
                lanes[lane] = fma(registers[a][lane], b[lane], lanes[lane]);
            }
        }
        set(sum, lanes);
    }

    /** {@code to = to a + b}. */
    void multiplyThenAdd(int to, int a, int[] b) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] = fma(registers[to][lane], registers[a][lane], b[lane]);
        }
        set(to, lanes);
    }

    /** {@code to = b - to a}. */
    void subtractProduct(int to, int a, int[] b) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] = fma(registers[to][lane] ^ Integer.MIN_VALUE, registers[a][lane], b[lane]);
        }
        set(to, lanes);
    }

    /** As inexact as an approximation may be: 2^-14 of the inverse above it; 0 where the inverse is subnormal. */
    static double inverse(double x) {
        double inverse = 1 / x;
        return Math.abs(inverse) < Float.MIN_NORMAL ? Math.copySign(0, inverse) : inverse * (1 + 0x0.FFp-14);
    }

    void compare(int to, int a, int[] b, int predicate) {
        mask(to, holding(a, b, predicate));
    }

    /** A bit for each lane for which a comparison holds. */
    long holding(int a, int[] b, int predicate) {
        long bits = 0;
        for (int lane = 0; lane < LANES; lane++) {
            float x = Float.intBitsToFloat(registers[a][lane]);
            float y = Float.intBitsToFloat(b[lane]);
            boolean holds = switch (predicate) {
                case 0x00 -> x == y;
                case 0x03 -> Float.isNaN(x) || Float.isNaN(y);
                case 0x04 -> x != y;
                case 0x1E -> x > y;
                default -> throw new IllegalStateException("No comparison " + predicate + ".");
            };
            bits |= holds ? 1L << lane : 0;
        }
        return bits;
    }

    void blend(int to, int mask, int a, int[] b) {
        int[] lanes = registers[a].clone();
        for (int lane = 0; lane < LANES; lane++) {
            if (selects(mask, lane)) {
                lanes[lane] = b[lane];
            }
        }
        set(to, lanes);
    }

    private static int fma(int a, int b, int c) {
        return Float.floatToRawIntBits(
                Math.fma(Float.intBitsToFloat(a), Float.intBitsToFloat(b), Float.intBitsToFloat(c)));
    }

    /** {@code a 2^floor(b)}, rounded once; 0 for b of minus infinity. */
    void scale(int to, int a, int[] b) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            float value = Float.intBitsToFloat(registers[a][lane]);
            float exponent = Float.intBitsToFloat(b[lane]);
            lanes[lane] = Float.floatToRawIntBits(scaled(value, exponent));
        }
        set(to, lanes);
    }

    private static float scaled(float value, float exponent) {
        if (Float.isNaN(exponent)) {
            return exponent;
        }
        if (exponent == Float.POSITIVE_INFINITY) {
            throw new IllegalStateException("No scaling by " + exponent + ".");
        }
        // More than the exponents of all floats together changes nothing.
        int bits = (int) Math.clamp(Math.floor(exponent), -300, 300);
        return exponent == Float.NEGATIVE_INFINITY && Float.isInfinite(value) ? Float.NaN : Math.scalb(value, bits);
    }

    /** What lanes have above or below the nearest integer, ties being even, or above the next one below; then it is rounded down, too. */
    void reduce(int to, int[] from, int rounding) {
        if (rounding != 0b1000 && rounding != 0b1001) {
            throw new IllegalStateException("Rounding " + rounding + ", expected that to the nearest or down.");
        }
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            float value = Float.intBitsToFloat(from[lane]);
            float rest = rounding == 0b1000 ? (float) (value - Math.rint(value)) : aboveFloor(value);
            lanes[lane] = Float.floatToRawIntBits(Float.isInfinite(value) ? 0 : rest);
        }
        set(to, lanes);
    }

    /** Less than 1. */
    private static float aboveFloor(float value) {
        double exact = value - Math.floor(value);
        float nearest = (float) exact;
        return nearest > exact || nearest == 1 ? Math.nextDown(nearest) : nearest;
    }

    void quarters(int to, int a, int[] b, int selector) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            int quarter = lane / 4;
            int from = (selector >> 2 * quarter & 3) * 4 + lane % 4;
            lanes[lane] = quarter < 2 ? registers[a][from] : b[from];
        }
        set(to, lanes);
    }

    /** Four unsigned bytes by four signed ones, without saturation. */
    void bytes(int sum, int a, int[] b) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            int total = registers[sum][lane];
            for (int bit = 0; bit < Integer.SIZE; bit += Byte.SIZE) {
                total += (registers[a][lane] >>> bit & 0xFF) * (byte) (b[lane] >>> bit);
            }
            lanes[lane] = total;
        }
        set(sum, lanes);
    }

    void toFloats(int to, int[] from) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] = Float.floatToRawIntBits((float) from[lane]);
        }
        set(to, lanes);
    }

    void toIntegers(int to, int[] from) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            double value = Math.rint(Float.intBitsToFloat(from[lane]));
            lanes[lane] = Math.abs(value) < 0x1p31 ? (int) value : Integer.MIN_VALUE;
        }
        set(to, lanes);
    }

    void widenHalves(int to, long address) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            short half = Memory.ALL.get(JAVA_SHORT_UNALIGNED, address + 2L * lane);
            lanes[lane] = Float.floatToRawIntBits(Float.float16ToFloat(half));
        }
        set(to, lanes);
    }

    void storeBytes(int from, long address) {
        for (int lane = 0; lane < LANES; lane++) {
            byte value = (byte) Math.clamp(registers[from][lane], Byte.MIN_VALUE, Byte.MAX_VALUE);
            Memory.ALL.set(JAVA_BYTE, address + lane, value);
        }
    }

    void align(int to, int upper, int[] lower, int first) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            int from = lane + (first & LANES - 1);
            lanes[lane] = from < LANES ? lower[from] : registers[upper][from - LANES];
        }
        set(to, lanes);
    }

    void dotProducts(int sum, int a, int b) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            int x = registers[a][lane];
            int y = registers[b][lane];
            float total = Float.intBitsToFloat(registers[sum][lane]);
            lanes[lane] = Float.floatToRawIntBits(dot(total, x & 0xFFFF, x >>> 16, y & 0xFFFF, y >>> 16));
        }
        set(sum, lanes);
    }

    /** {@code sum + a0 b0 + a1 b1}. */
    private static float dot(float sum, int a0, int a1, int b0, int b1) {
        return multiplyAdd(multiplyAdd(sum, a1, b1), a0, b0);
    }

    /** {@code sum + a b} of bits of bf16, rounded once, subnormal numbers counting as 0. */
    static float multiplyAdd(float sum, int a, int b) {
        return flushed(Math.fma(widened(a), widened(b), flushed(sum)));
    }

    private static float widened(int bits) {
        return flushed(Float.intBitsToFloat(bits << 16));
    }

    static float flushed(float value) {
        return Math.abs(value) < Float.MIN_NORMAL ? Math.copySign(0, value) : value;
    }

    /** To the nearest, ties to even; subnormal numbers are 0, and NaN stays one. */
    private static int rounded(int bits) {
        float value = flushed(Float.intBitsToFloat(bits));
        int exact = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return exact >>> 16 | 0x40;
        }
        return exact + 0x7FFF + (exact >>> 16 & 1) >>> 16;
    }

    void roundTwo(int to, int upper, int lower) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            int[] source = registers[lane < LANES / 2 ? lower : upper];
            int first = lane * 2 % LANES;
            lanes[lane] = rounded(source[first]) | rounded(source[first + 1]) << 16;
        }
        set(to, lanes);
    }

    void roundOne(int to, int from) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES / 2; lane++) {
            lanes[lane] = rounded(registers[from][2 * lane]) | rounded(registers[from][2 * lane + 1]) << 16;
        }
        set(to, lanes);
    }

    void widenWords(int to, int from) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] = word(from, lane);
        }
        set(to, lanes);
    }

    void widenWords(int to, long address) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] = Short.toUnsignedInt(Memory.ALL.get(JAVA_SHORT_UNALIGNED, address + 2L * lane));
        }
        set(to, lanes);
    }

    private int word(int register, int index) {
        return registers[register][index / 2] >>> 16 * (index % 2) & 0xFFFF;
    }

    void shift(int to, int from, int bits, boolean left) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] = left ? registers[from][lane] << bits : registers[from][lane] >>> bits;
        }
        set(to, lanes);
    }

    void permuteWords(int to, int indices, int from) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            int low = word(from, word(indices, 2 * lane) & 31);
            int high = word(from, word(indices, 2 * lane + 1) & 31);
            lanes[lane] = low | high << 16;
        }
        set(to, lanes);
    }
}
