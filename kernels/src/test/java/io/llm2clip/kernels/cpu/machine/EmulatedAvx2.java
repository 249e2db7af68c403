package io.llm2clip.kernels.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.llm2clip.kernels.cpu.runtime.Memory;
import java.util.Arrays;
import java.util.function.IntBinaryOperator;
import java.util.function.IntSupplier;
import java.util.function.IntUnaryOperator;

/** Instructions on 256 bits of the vector registers, which set those above to 0. */
record EmulatedAvx2(EmulatedVectors vectors, long[] registers) {
    private static final int LANES = 8;

    /**
     * Does an instruction.
     *
     * @param instruction map, prefix and opcode
     * @param immediate reads the byte behind the operands
     */
    void run(int instruction, int vvvv, EmulatedProcessor.CodeReader.Operands o, IntSupplier immediate) {
        int to = o.reg();
        switch (instruction) {
            case 0x1010 -> set(to, load(o.address(registers), -1));
            case 0x1011 -> store(to, o.address(registers), (1 << LANES) - 1);
            case 0x3118 -> {
                int half = immediate.getAsInt();
                vectors.insertQuarter(to, vvvv, o.address(registers), half);
                set(to, vectors.lanes(to));
            }
            case 0x1211 -> store(to, o.address(registers), 1);
            case 0x212C -> set(to, load(o.address(registers), negative(vvvv)));
            case 0x212E -> store(to, o.address(registers), negative(vvvv));
            case 0x2118 -> set(to, vectors.broadcast(o.address(registers)));
            case 0x2113 -> {
                vectors.widenHalves(to, o.address(registers));
                set(to, vectors.lanes(to));
            }
            case 0x2133 -> {
                vectors.widenWords(to, o.address(registers));
                set(to, vectors.lanes(to));
            }
            case 0x1172 -> {
                vectors.shift(vvvv, o.rm(), immediate.getAsInt(), (to & 7) == 6);
                set(vvvv, vectors.lanes(vvvv));
            }
            case 0x1170 -> {
                int lanes = immediate.getAsInt();
                permute(to, o.rm(), lane -> lane & 4 | lanes >> 2 * (lane & 3) & 3);
            }
            case 0x3146 -> {
                int halves = immediate.getAsInt();
                if ((halves & ~0x33) != 0) {
                    throw new IllegalStateException("Halves that are set to 0.");
                }
                halves(to, vectors.lanes(vvvv), operand(o), halves);
            }
            case 0x2136 -> {
                int[] indices = vectors.lanes(vvvv).clone();
                permute(to, o.rm(), lane -> indices[lane] & 7);
            }
            case 0x10C2 -> set(to, mask(vectors.holding(vvvv, operand(o), immediate.getAsInt())));
            case 0x314A -> blend(to, vvvv, operand(o), negative(immediate.getAsInt() >> 4));
            default -> lanewise(instruction, vvvv, o, operand(o));
        }
    }

    private int[] operand(EmulatedProcessor.CodeReader.Operands o) {
        return o.isMemory() ? load(o.address(registers), -1) : vectors.lanes(o.rm());
    }

    private void lanewise(int instruction, int vvvv, EmulatedProcessor.CodeReader.Operands o, int[] source) {
        int to = o.reg();
        switch (instruction) {
            case 0x11EF -> vectors.integers(to, vvvv, source, (a, b) -> a ^ b);
            case 0x11DB -> vectors.integers(to, vvvv, source, (a, b) -> a & b);
            case 0x11FE -> vectors.integers(to, vvvv, source, Integer::sum);
            case 0x11FA -> vectors.integers(to, vvvv, source, (a, b) -> a - b);
            case 0x213D -> vectors.integers(to, vvvv, source, Math::max);
            case 0x11FD -> vectors.integers(to, vvvv, source, (a, b) -> words(a, b, Integer::sum));
            case 0x11F5 -> vectors.integers(to, vvvv, source, (a, b) -> (short) a * (short) b + (a >> 16) * (b >> 16));
            case 0x211C -> vectors.integers(to, 0, source, (a, b) -> bytes(b, b, (x, y) -> Math.abs(x)));
            case 0x2108 -> vectors.integers(to, vvvv, source, (a, b) -> bytes(a, b, (x, y) -> x * Integer.signum(y)));
            case 0x2104 -> vectors.integers(to, vvvv, source, EmulatedAvx2::pairs);
            case 0x1014, 0x1015 -> vectors.unpack(to, vvvv, source, (instruction & 1) != 0);
            case 0x1114, 0x1115 -> vectors.unpackPairs(to, vvvv, source, (instruction & 1) != 0);
            case 0x1058 -> vectors.floats(to, vvvv, source, Double::sum);
            case 0x1059 -> vectors.floats(to, vvvv, source, (a, b) -> a * b);
            case 0x105E -> vectors.floats(to, vvvv, source, (a, b) -> a / b);
            case 0x105C -> vectors.floats(to, vvvv, source, (a, b) -> a - b);
            case 0x105D -> vectors.floats(to, vvvv, source, (a, b) -> a < b ? a : b);
            case 0x1051 -> vectors.floats(to, 0, source, (a, b) -> Math.sqrt(b));
            case 0x105F -> vectors.floats(to, vvvv, source, (a, b) -> a > b ? a : b);
            case 0x21A8 -> vectors.multiplyThenAdd(to, vvvv, source);
            case 0x21B8 -> vectors.multiplyAdd(to, 0, vvvv, source);
            case 0x2150 -> vectors.bytes(to, vvvv, source);
            case 0x105B -> vectors.toFloats(to, source);
            case 0x115B -> vectors.toIntegers(to, source);
            case 0x116B -> pack(to, vectors.lanes(vvvv), source, Short.SIZE);
            case 0x1163 -> pack(to, vectors.lanes(vvvv), source, Byte.SIZE);
            default ->
                throw new IllegalStateException("No VEX instruction 0x" + Integer.toHexString(instruction) + ".");
        }
        set(to, vectors.lanes(to));
    }

    /** Sets the lower lanes, and those above to 0. */
    private void set(int to, int[] lanes) {
        int[] lower = Arrays.copyOf(lanes, 2 * LANES);
        Arrays.fill(lower, LANES, lower.length, 0);
        vectors.set(to, lower);
    }

    private int negative(int register) {
        int bits = 0;
        for (int lane = 0; lane < LANES; lane++) {
            bits |= vectors.lanes(register)[lane] < 0 ? 1 << lane : 0;
        }
        return bits;
    }

    private static int[] mask(long bits) {
        int[] lanes = new int[2 * LANES];
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] = (bits >> lane & 1) != 0 ? -1 : 0;
        }
        return lanes;
    }

    private void blend(int to, int a, int[] b, int mask) {
        int[] lanes = vectors.lanes(a).clone();
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] = (mask >> lane & 1) != 0 ? b[lane] : lanes[lane];
        }
        set(to, lanes);
    }

    private static int[] load(long address, int mask) {
        int[] lanes = new int[2 * LANES];
        for (int lane = 0; lane < LANES; lane++) {
            if ((mask >> lane & 1) != 0) {
                lanes[lane] = Memory.ALL.get(JAVA_INT_UNALIGNED, address + 4L * lane);
            }
        }
        return lanes;
    }

    private void store(int from, long address, int mask) {
        for (int lane = 0; lane < LANES; lane++) {
            if ((mask >> lane & 1) != 0) {
                Memory.ALL.set(JAVA_INT_UNALIGNED, address + 4L * lane, vectors.lanes(from)[lane]);
            }
        }
    }

    private void permute(int to, int from, IntUnaryOperator index) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] = vectors.lanes(from)[index.applyAsInt(lane)];
        }
        set(to, lanes);
    }

    /** Two bits, from 0 and from 4 on, say which half of a or b each half is. */
    private void halves(int to, int[] a, int[] b, int selector) {
        int[] lanes = new int[LANES];
        for (int lane = 0; lane < LANES; lane++) {
            int half = selector >> (lane & 4) & 3;
            lanes[lane] = (half < 2 ? a : b)[half % 2 * 4 + lane % 4];
        }
        set(to, lanes);
    }

    private static int words(int a, int b, IntBinaryOperator operator) {
        int low = operator.applyAsInt((short) a, (short) b);
        int high = operator.applyAsInt(a >> Short.SIZE, b >> Short.SIZE);
        return low & 0xFFFF | high << Short.SIZE;
    }

    /** Of signed bytes; the lower eight bits of results. */
    private static int bytes(int a, int b, IntBinaryOperator operator) {
        int result = 0;
        for (int bit = 0; bit < Integer.SIZE; bit += Byte.SIZE) {
            result |= (operator.applyAsInt((byte) (a >> bit), (byte) (b >> bit)) & 0xFF) << bit;
        }
        return result;
    }

    private static int pairs(int a, int b) {
        int result = 0;
        for (int bit = 0; bit < Integer.SIZE; bit += Short.SIZE) {
            int sum = (a >>> bit & 0xFF) * (byte) (b >> bit)
                    + (a >>> bit + Byte.SIZE & 0xFF) * (byte) (b >> bit + Byte.SIZE);
            result |= (Math.clamp(sum, Short.MIN_VALUE, Short.MAX_VALUE) & 0xFFFF) << bit;
        }
        return result;
    }

    /** Numbers of twice the bits, saturated: for each half those of a, then those of b. */
    private void pack(int to, int[] a, int[] b, int bits) {
        int[] lanes = new int[LANES];
        int count = Integer.SIZE / bits;
        int greatest = (1 << bits - 1) - 1;
        for (int lane = 0; lane < LANES; lane++) {
            int[] source = (lane & 2) == 0 ? a : b;
            for (int i = 0; i < count; i++) {
                int number = lane % 2 * count + i;
                int word = source[lane & 4 | number * bits / Short.SIZE];
                int value = bits == Short.SIZE ? word : number % 2 == 0 ? (short) word : word >> Short.SIZE;
                lanes[lane] |= (Math.clamp(value, -greatest - 1, greatest) & (1 << bits) - 1) << i * bits;
            }
        }
        set(to, lanes);
    }
}
