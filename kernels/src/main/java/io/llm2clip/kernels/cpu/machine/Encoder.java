package io.llm2clip.kernels.cpu.machine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The bytes of a program, and the forms that instructions are encoded in: REX, VEX and EVEX, with a register or memory. */
final class Encoder {
    /** Opcode maps. */
    static final int MAP_0F = 1;

    static final int MAP_0F38 = 2;
    static final int MAP_0F3A = 3;

    /** Mandatory prefixes, as VEX and EVEX number them. */
    static final int NO_PREFIX = 0;

    static final int PREFIX_66 = 1;
    static final int PREFIX_F3 = 2;
    static final int PREFIX_F2 = 3;

    private record Jump(int at, Label target) {}

    private final List<Jump> jumps = new ArrayList<>();
    private byte[] bytes = new byte[1024];
    private int length;

    static void require(int number, int most, String register) {
        if (number < 0 || number > most) {
            throw new IllegalArgumentException(
                    "The register " + register + number + ", expected " + register + "0 to " + register + most + ".");
        }
    }

    /** What {@code EVEX} says beside the operands. */
    record Evex(int map, int prefix, int w, int mask, boolean zeroing, boolean broadcast) {
        static Evex of(int map, int prefix, int w) {
            return new Evex(map, prefix, w, 0, false, false);
        }

        Evex masked(Mask mask, boolean zero) {
            return new Evex(map, prefix, w, mask.number(), zero && mask.number() != 0, broadcast);
        }

        /** With one element of memory for all lanes. */
        Evex broadcasting() {
            return new Evex(map, prefix, w, mask, zeroing, true);
        }
    }

    int length() {
        return length;
    }

    void emit(int... values) {
        for (int value : values) {
            if (length == bytes.length) {
                bytes = Arrays.copyOf(bytes, 2 * length);
            }
            bytes[length++] = (byte) value;
        }
    }

    void emitInt(int value) {
        emit(value, value >> 8, value >> 16, value >> 24);
    }

    /** The 32-bit distance to a label. */
    void emitJump(Label target) {
        jumps.add(new Jump(length, target));
        emitInt(0);
    }

    /** The finished program. */
    byte[] finish() {
        byte[] code = Arrays.copyOf(bytes, length);
        for (Jump jump : jumps) {
            if (jump.target.position == Label.UNBOUND) {
                throw new IllegalStateException("A jump goes to a label that is not bound; bind it before the end.");
            }
            int distance = jump.target.position - (jump.at + Integer.BYTES);
            for (int i = 0; i < Integer.BYTES; i++) {
                code[jump.at + i] = (byte) (distance >> Byte.SIZE * i);
            }
        }
        return code;
    }

    /** Two general registers, 64 bits. */
    void rex(int opcode, int reg, int rm) {
        emit(0x48 | high(reg) << 2 | high(rm), opcode);
        registers(reg, rm);
    }

    /** A general register or an opcode's extension, and memory. */
    void rex(int w, int opcode, int reg, Address memory) {
        int index = memory.index() == null ? 0 : high(memory.index().number());
        int prefix = w << 3 | high(reg) << 2 | index << 1 | high(memory.base().number());
        if (prefix != 0) {
            emit(0x40 | prefix);
        }
        emit(opcode);
        memory(reg, memory, 1);
    }

    /** An opcode of the second map with an extension, and memory. */
    void rex0f(int opcode, int extension, Address memory) {
        int index = memory.index() == null ? 0 : high(memory.index().number());
        int prefix = index << 1 | high(memory.base().number());
        if (prefix != 0) {
            emit(0x40 | prefix);
        }
        emit(0x0F, opcode);
        memory(extension, memory, 1);
    }

    /** What {@code VEX} says beside the operands; {@code length} is 1 for 256 bits. */
    record Vex(int map, int prefix, int length) {}

    void vex(int map, int prefix, int opcode, int reg, int vvvv, int rm) {
        vex(new Vex(map, prefix, 0), opcode, reg, vvvv, rm);
    }

    void vex(Vex form, int opcode, int reg, int vvvv, int rm) {
        vexPrefix(form, reg, vvvv, 1, ~high(rm) & 1);
        emit(opcode);
        registers(reg, rm);
    }

    /** @param indexed whether there must be an index byte, as for tiles, even without an index */
    void vex(int map, int prefix, int opcode, int reg, Address memory, boolean indexed) {
        vex(new Vex(map, prefix, 0), opcode, reg, 0, memory, indexed);
    }

    void vex(Vex form, int opcode, int reg, int vvvv, Address memory) {
        vex(form, opcode, reg, vvvv, memory, false);
    }

    private void vex(Vex form, int opcode, int reg, int vvvv, Address memory, boolean indexed) {
        int notIndex = memory.index() == null ? 1 : ~high(memory.index().number()) & 1;
        vexPrefix(form, reg, vvvv, notIndex, ~high(memory.base().number()) & 1);
        emit(opcode);
        memory(reg, memory, 1, indexed);
    }

    /** The short form where there is one. */
    private void vexPrefix(Vex form, int reg, int vvvv, int notX, int notB) {
        int last = (~vvvv & 15) << 3 | form.length << 2 | form.prefix;
        if (form.map == MAP_0F && notX == 1 && notB == 1) {
            emit(0xC5, (~high(reg) & 1) << 7 | last);
        } else {
            emit(0xC4, (~high(reg) & 1) << 7 | notX << 6 | notB << 5 | form.map, last);
        }
    }

    /** Registers of 512 bits. */
    void evex(Evex form, int opcode, int reg, int vvvv, int rm) {
        evexPrefix(form, reg, vvvv, ~(rm >> 4) & 1, ~high(rm) & 1);
        emit(opcode);
        registers(reg, rm);
    }

    /**
     * Registers of 512 bits and memory.
     *
     * @param unit of displacements of one byte: how much memory is accessed
     */
    void evex(Evex form, int opcode, int reg, int vvvv, Address memory, int unit) {
        int notIndex = memory.index() == null ? 1 : ~high(memory.index().number()) & 1;
        evexPrefix(form, reg, vvvv, notIndex, ~high(memory.base().number()) & 1);
        emit(opcode);
        memory(reg, memory, unit);
    }

    private void evexPrefix(Evex form, int reg, int vvvv, int notX, int notB) {
        emit(
                0x62,
                (~high(reg) & 1) << 7 | notX << 6 | notB << 5 | (~(reg >> 4) & 1) << 4 | form.map,
                form.w << 7 | (~vvvv & 15) << 3 | 1 << 2 | form.prefix,
                (form.zeroing ? 1 : 0) << 7
                        | 2 << 5
                        | (form.broadcast ? 1 : 0) << 4
                        | (~(vvvv >> 4) & 1) << 3
                        | form.mask);
    }

    private void registers(int reg, int rm) {
        emit(0xC0 | (reg & 7) << 3 | rm & 7);
    }

    private void memory(int reg, Address memory, int unit) {
        memory(reg, memory, unit, false);
    }

    private void memory(int reg, Address memory, int unit, boolean indexed) {
        int base = memory.base().number() & 7;
        // RSP and R12 as a base without an index byte would mean that there is one.
        boolean sib = indexed || memory.index() != null || base == Gpr.RSP.number();
        int displacement = memory.displacement();
        boolean small = displacement % unit == 0 && (byte) (displacement / unit) == displacement / unit;
        // RBP and R13 as a base without displacement would mean something else.
        boolean none = displacement == 0 && base != Gpr.RBP.number();
        int mode = none ? 0 : small ? 1 : 2;
        emit(mode << 6 | (reg & 7) << 3 | (sib ? Gpr.RSP.number() : base));
        if (sib) {
            emit(index(memory.index()) << 3 | base);
        }
        if (mode == 1) {
            emit(displacement / unit);
        } else if (mode == 2) {
            emitInt(displacement);
        }
    }

    private static int index(@Nullable Gpr index) {
        return index == null ? Gpr.RSP.number() : index.number() & 7;
    }

    /** The bit of a register's number that does not fit beside the opcode. */
    private static int high(int number) {
        return number >> 3 & 1;
    }
}
