package io.llm2clip.kernels.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.llm2clip.kernels.cpu.runtime.Memory;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.IntFunction;

/**
 * A CPU with AMX and AVX-512 in Java, for machines without: it decodes the bytes that {@link Assembler} makes and does what they say to
 * real memory. It knows no other instructions, and refuses what a real CPU would fault at: unknown bytes, tiles used beyond their
 * configuration, a stack that is not as it was. On return it checks what a function must keep by the ABI.
 */
public final class EmulatedProcessor implements CodeSpace {
    private static final int RETURN = -1;
    private static final int[] KEPT = {3, 4, 5, 12, 13, 14, 15};

    @Override
    public MachineFunction install(String name, byte[] code) {
        byte[] program = code.clone();
        return argument -> new Run(program).call(argument);
    }

    /** Registers and the state of one call. */
    private static final class Run {
        final CodeReader code;
        final long[] registers = new long[16];
        final Deque<Long> stack = new ArrayDeque<>();
        final Deque<Integer> calls = new ArrayDeque<>();
        final EmulatedVectors vectors = new EmulatedVectors();
        final EmulatedTiles tiles = new EmulatedTiles();
        boolean zero;

        Run(byte[] program) {
            code = new CodeReader(program);
        }

        void call(long argument) {
            for (int kept : KEPT) {
                registers[kept] = 1000L + kept;
            }
            registers[7] = argument;
            while (code.position != RETURN) {
                step();
            }
            for (int kept : KEPT) {
                require(registers[kept] == 1000L + kept, "register " + kept + " is not what it was");
            }
            require(stack.isEmpty(), "the stack is not empty");
            require(!tiles.configured(), "tiles are not released");
            require(vectors.upperHalvesAreClean(), "no vzeroupper after vectors");
        }

        private static void require(boolean holds, String otherwise) {
            if (!holds) {
                throw new IllegalStateException("The emulated processor: " + otherwise + ".");
            }
        }

        private void step() {
            int first = code.next();
            switch (first) {
                case 0xC4, 0xC5 -> vex(first);
                case 0x62 -> evex();
                default -> integer(first);
            }
        }

        private void integer(int first) {
            int rex = 0;
            int opcode = first;
            if ((first & 0xF0) == 0x40) {
                rex = first;
                opcode = code.next();
            }
            boolean wide = (rex & 8) != 0;
            if ((opcode & 0xF0) == 0x50) {
                int register = opcode & 7 | (rex & 1) << 3;
                if (opcode < 0x58) {
                    stack.push(registers[register]);
                } else {
                    registers[register] = stack.pop();
                }
                return;
            }
            switch (opcode) {
                case 0xC3 -> code.position = calls.isEmpty() ? RETURN : calls.pop();
                case 0xE8 -> {
                    calls.push(code.position + Integer.BYTES);
                    jump(true);
                }
                case 0xE9 -> jump(true);
                case 0x0F -> {
                    int condition = code.next();
                    if (condition == 0x18) {
                        CodeReader.Operands line = code.operands(rex >> 2 & 1, rex >> 1 & 1, rex & 1, 1);
                        require(line.isMemory() && (line.reg() == 1 || line.reg() == 2), "no prefetch");
                        return;
                    }
                    require(condition == 0x84 || condition == 0x85, "no condition " + condition);
                    jump(zero == (condition == 0x84));
                }
                case 0x89, 0x8B, 0x8D, 0x01, 0x03, 0x85, 0x81, 0x83, 0xC1, 0xC7 -> {
                    require(wide || opcode == 0x89 || opcode == 0x8B, "an integer of 32 bits");
                    CodeReader.Operands operands = code.operands(rex >> 2 & 1, rex >> 1 & 1, rex & 1, 1);
                    integer(opcode, operands, wide);
                }
                default -> throw new IllegalStateException("No instruction 0x" + Integer.toHexString(opcode) + ".");
            }
        }

        private void integer(int opcode, CodeReader.Operands o, boolean wide) {
            switch (opcode) {
                case 0x89 -> {
                    if (!o.isMemory()) {
                        registers[o.rm()] = registers[o.reg()];
                    } else if (wide) {
                        Memory.ALL.set(JAVA_LONG_UNALIGNED, o.address(registers), registers[o.reg()]);
                    } else {
                        Memory.ALL.set(JAVA_INT_UNALIGNED, o.address(registers), (int) registers[o.reg()]);
                    }
                }
                case 0x8B ->
                    registers[o.reg()] = wide
                            ? Memory.ALL.get(JAVA_LONG_UNALIGNED, o.address(registers))
                            : Integer.toUnsignedLong(Memory.ALL.get(JAVA_INT_UNALIGNED, o.address(registers)));
                case 0x8D -> registers[o.reg()] = o.address(registers);
                case 0x01 -> result(o.rm(), registers[o.rm()] + registers[o.reg()]);
                case 0x03 ->
                    result(o.reg(), registers[o.reg()] + Memory.ALL.get(JAVA_LONG_UNALIGNED, o.address(registers)));
                case 0x85 -> zero = (registers[o.rm()] & registers[o.reg()]) == 0;
                case 0x81, 0x83 -> {
                    long value = opcode == 0x83 ? (byte) code.next() : code.nextInt();
                    require((o.reg() & 7) == 0 || (o.reg() & 7) == 5, "only additions and subtractions");
                    result(o.rm(), registers[o.rm()] + ((o.reg() & 7) == 0 ? value : -value));
                }
                case 0xC1 -> result(o.rm(), registers[o.rm()] << code.next());
                case 0xC7 -> registers[o.rm()] = code.nextInt();
                default -> throw new AssertionError(opcode);
            }
        }

        private void result(int register, long value) {
            registers[register] = value;
            zero = value == 0;
        }

        private void jump(boolean taken) {
            int distance = code.nextInt();
            if (taken) {
                code.position += distance;
            }
        }

        private void vex(int first) {
            int one = code.next();
            int two = first == 0xC4 ? code.next() : one;
            int map = first == 0xC4 ? one & 31 : 1;
            int reg = ~one >> 7 & 1;
            int index = first == 0xC4 ? ~one >> 6 & 1 : 0;
            int base = first == 0xC4 ? ~one >> 5 & 1 : 0;
            int vvvv = ~two >> 3 & 15;
            int prefix = two & 3;
            int opcode = code.next();
            require(first == 0xC5 || two >> 7 == 0, "W of VEX");
            if (map == 1 && opcode == 0x77) {
                vectors.zeroUpper();
                return;
            }
            if ((two & 4) != 0 || map == 1 && opcode == 0x11) {
                new EmulatedAvx2(vectors, registers)
                        .run(map << 12 | prefix << 8 | opcode, vvvv, code.operands(reg, index, base, 1), code::next);
                return;
            }
            CodeReader.Operands o = code.operands(reg, index, base, 1);
            switch (map << 12 | prefix << 8 | opcode) {
                case 0x1010 -> vectors.loadQuarter(o.reg(), o.address(registers));
                case 0x1092 -> vectors.mask(o.reg(), registers[o.rm()] & 0xFFFF);
                case 0x1090 ->
                    vectors.mask(o.reg(), Memory.ALL.get(JAVA_SHORT_UNALIGNED, o.address(registers)) & 0xFFFF);
                case 0x1044 -> vectors.mask(o.reg(), ~vectors.mask(o.rm()) & 0xFFFF);
                case 0x1392 -> vectors.mask(o.reg(), registers[o.rm()] & 0xFFFF_FFFFL);
                case 0x2049 -> {
                    if (o.isMemory()) {
                        tiles.configure(o.address(registers));
                    } else {
                        tiles.release();
                    }
                }
                case 0x2349 -> tiles.zero(o.reg());
                case 0x234B, 0x214B -> tiles.load(o.reg(), o.start(registers), o.stride(registers));
                case 0x224B -> tiles.store(o.reg(), o.start(registers), o.stride(registers));
                case 0x225C -> tiles.multiply(o.reg(), o.rm(), vvvv);
                case 0x235E -> tiles.multiplyBytes(o.reg(), o.rm(), vvvv, true);
                case 0x225E -> tiles.multiplyBytes(o.reg(), o.rm(), vvvv, false);
                default -> throw new IllegalStateException("No VEX instruction 0x" + Integer.toHexString(opcode) + ".");
            }
        }

        private void evex() {
            int one = code.next();
            int two = code.next();
            int three = code.next();
            int opcode = code.next();
            require((one & 12) == 0 && (two & 4) != 0, "reserved bits of EVEX");
            require((three >> 5 & 3) == 2, "vectors that have not 512 bits");
            int map = one & 3;
            int prefix = two & 3;
            int reg = (~one >> 7 & 1) | (~one >> 4 & 1) << 1;
            int vvvv = (~two >> 3 & 15) | (~three >> 3 & 1) << 4;
            int mask = three & 7;
            boolean zeroing = (three & 0x80) != 0;
            boolean broadcast = (three & 0x10) != 0;
            int instruction = map << 12 | prefix << 8 | opcode;
            CodeReader.Operands o =
                    code.operands(reg, ~one >> 6 & 1, ~one >> 5 & 1, broadcast ? 4 : accessed(instruction));
            int rm = o.rm() | (o.isMemory() ? 0 : (~one >> 6 & 1) << 4);
            require(
                    mask == 0
                            || instruction == 0x1010
                            || instruction == 0x1011
                            || instruction == 0x21B8
                            || instruction == 0x2165,
                    "a mask");
            require(!broadcast || o.isMemory(), "rounding of an instruction's own");
            IntFunction<int[]> source = register -> !o.isMemory()
                    ? vectors.lanes(register)
                    : broadcast ? vectors.broadcast(o.address(registers)) : vectors.memory(o.address(registers));
            switch (instruction) {
                case 0x1010 -> {
                    require(zeroing == (mask != 0), "a masked load that does not zero");
                    vectors.load(o.reg(), o.address(registers), mask);
                }
                case 0x1011 -> vectors.store(o.reg(), o.address(registers), mask);
                case 0x2118 -> vectors.set(o.reg(), vectors.broadcast(o.address(registers)));
                case 0x11EF -> vectors.integers(o.reg(), vvvv, source.apply(rm), (a, b) -> a ^ b);
                case 0x11DB -> vectors.integers(o.reg(), vvvv, source.apply(rm), (a, b) -> a & b);
                case 0x11FE -> vectors.integers(o.reg(), vvvv, source.apply(rm), Integer::sum);
                case 0x11FA -> vectors.integers(o.reg(), vvvv, source.apply(rm), (a, b) -> a - b);
                case 0x213D -> vectors.integers(o.reg(), vvvv, source.apply(rm), Math::max);
                case 0x1014, 0x1015 -> vectors.unpack(o.reg(), vvvv, source.apply(rm), opcode == 0x15);
                case 0x1114, 0x1115 -> vectors.unpackPairs(o.reg(), vvvv, source.apply(rm), opcode == 0x15);
                case 0x3118 -> vectors.insertQuarter(o.reg(), vvvv, o.address(registers), code.next());
                case 0x1058 -> vectors.floats(o.reg(), vvvv, source.apply(rm), Double::sum);
                case 0x1059 -> vectors.floats(o.reg(), vvvv, source.apply(rm), (a, b) -> a * b);
                case 0x105C -> vectors.floats(o.reg(), vvvv, source.apply(rm), (a, b) -> a - b);
                case 0x105E -> vectors.floats(o.reg(), vvvv, source.apply(rm), (a, b) -> a / b);
                case 0x105F -> vectors.floats(o.reg(), vvvv, source.apply(rm), (a, b) -> a > b ? a : b);
                case 0x105D -> vectors.floats(o.reg(), vvvv, source.apply(rm), (a, b) -> a < b ? a : b);
                case 0x1051 -> vectors.floats(o.reg(), vvvv, source.apply(rm), (_, b) -> Math.sqrt(b));
                case 0x214C -> vectors.floats(o.reg(), vvvv, source.apply(rm), (_, b) -> EmulatedVectors.inverse(b));
                case 0x3108 -> {
                    require(code.next() == 0b1000, "rounding that is not to the nearest");
                    vectors.floats(o.reg(), vvvv, source.apply(rm), (_, b) -> Math.rint(b));
                }
                case 0x10C2 -> vectors.compare(o.reg() & 7, vvvv, source.apply(rm), code.next());
                case 0x2165 -> vectors.blend(o.reg(), mask, vvvv, source.apply(rm));
                case 0x21AC -> vectors.subtractProduct(o.reg(), vvvv, source.apply(rm));
                case 0x21B8 -> {
                    require(!zeroing, "lanes of a sum that are set to 0");
                    vectors.multiplyAdd(o.reg(), mask, vvvv, source.apply(rm));
                }
                case 0x21A8 -> vectors.multiplyThenAdd(o.reg(), vvvv, source.apply(rm));
                case 0x212C -> vectors.scale(o.reg(), vvvv, source.apply(rm));
                case 0x3156 -> vectors.reduce(o.reg(), source.apply(rm), code.next());
                case 0x3123 -> vectors.quarters(o.reg(), vvvv, source.apply(rm), code.next());
                case 0x2150 -> vectors.bytes(o.reg(), vvvv, source.apply(rm));
                case 0x105B -> vectors.toFloats(o.reg(), source.apply(rm));
                case 0x115B -> vectors.toIntegers(o.reg(), source.apply(rm));
                case 0x2113 -> vectors.widenHalves(o.reg(), o.address(registers));
                case 0x2221 -> vectors.storeBytes(o.reg(), o.address(registers));
                case 0x3103 -> vectors.align(o.reg(), vvvv, source.apply(rm), code.next());
                case 0x2252 -> vectors.dotProducts(o.reg(), vvvv, rm);
                case 0x2372 -> vectors.roundTwo(o.reg(), vvvv, rm);
                case 0x2272 -> vectors.roundOne(o.reg(), rm);
                case 0x2133 -> {
                    if (o.isMemory()) {
                        vectors.widenWords(o.reg(), o.address(registers));
                    } else {
                        vectors.widenWords(o.reg(), rm);
                    }
                }
                case 0x1172 -> {
                    require((o.reg() & 7) == 6 || (o.reg() & 7) == 2, "no arithmetic shift");
                    vectors.shift(vvvv, rm, code.next(), (o.reg() & 7) == 6);
                }
                case 0x218D -> vectors.permuteWords(o.reg(), vvvv, rm);
                default ->
                    throw new IllegalStateException("No EVEX instruction 0x" + Integer.toHexString(opcode) + ".");
            }
        }

        /** Bytes of memory that an instruction reads or writes, which its displacements are counted in. */
        private static int accessed(int instruction) {
            return switch (instruction) {
                case 0x2118 -> 4;
                case 0x2113, 0x2133 -> 32;
                case 0x2221, 0x3118 -> 16;
                default -> 64;
            };
        }
    }

    /** Reads bytes and operands of instructions. */
    static final class CodeReader {
        private final byte[] code;
        int position;

        CodeReader(byte[] code) {
            this.code = code;
        }

        /**
         * A register and a register or memory.
         *
         * @param rm the register, or -1
         * @param base the register, where memory
         * @param index the register, or -1
         */
        record Operands(int reg, int rm, int base, int index, int displacement) {
            boolean isMemory() {
                return rm < 0;
            }

            long start(long[] registers) {
                if (!isMemory()) {
                    throw new IllegalStateException("A register where memory is expected.");
                }
                return registers[base] + displacement;
            }

            long stride(long[] registers) {
                return index < 0 ? 0 : registers[index];
            }

            long address(long[] registers) {
                return start(registers) + stride(registers);
            }
        }

        int next() {
            return code[position++] & 0xFF;
        }

        int nextInt() {
            return next() | next() << 8 | next() << 16 | next() << 24;
        }

        /** @param reg the upper bits of the first register's number, as the other parameters are of theirs */
        Operands operands(int reg, int index, int base, int unit) {
            int modrm = next();
            int mode = modrm >> 6;
            int register = modrm >> 3 & 7 | reg << 3;
            if (mode == 3) {
                return new Operands(register, modrm & 7 | base << 3, -1, -1, 0);
            }
            int baseRegister = modrm & 7;
            int indexRegister = -1;
            if (baseRegister == 4) {
                int sib = next();
                baseRegister = sib & 7;
                indexRegister = sib >> 3 & 7 | index << 3;
                if (indexRegister == 4) {
                    indexRegister = -1;
                }
            }
            if (mode == 0 && baseRegister == 5) {
                throw new IllegalStateException("An address without a base.");
            }
            int displacement = mode == 0 ? 0 : mode == 1 ? (byte) next() * unit : nextInt();
            return new Operands(register, -1, baseRegister | base << 3, indexRegister, displacement);
        }
    }
}
