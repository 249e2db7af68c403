package io.llm2clip.kernels.cpu.machine;

import static io.llm2clip.kernels.cpu.machine.Encoder.MAP_0F;
import static io.llm2clip.kernels.cpu.machine.Encoder.MAP_0F38;
import static io.llm2clip.kernels.cpu.machine.Encoder.MAP_0F3A;
import static io.llm2clip.kernels.cpu.machine.Encoder.NO_PREFIX;
import static io.llm2clip.kernels.cpu.machine.Encoder.PREFIX_66;
import static io.llm2clip.kernels.cpu.machine.Encoder.PREFIX_F2;
import static io.llm2clip.kernels.cpu.machine.Encoder.PREFIX_F3;

import io.llm2clip.kernels.cpu.machine.Encoder.Evex;

/**
 * Encodes x86-64 instructions: those that the kernels need, named and ordered as Intel's manual does, destination first. Vectors have 512
 * bits.
 */
public final class Assembler {
    private static final int VECTOR = 64;
    private static final int HALF = VECTOR / 2;
    private static final int QUARTER = VECTOR / 4;
    private static final int LANE = 4;
    /** Of constants that say how to round: to the nearest, ties to even, and no exceptions. */
    private static final int ROUND_TO_NEAREST = 0b1000;

    private static final int ROUND_DOWN = 0b1001;

    private final Encoder encoder = new Encoder();
    private final Avx2 avx2 = new Avx2(encoder);

    /** The program so far; all labels that jumps go to must be bound. */
    public byte[] code() {
        return encoder.finish();
    }

    /** Instructions on vectors of 256 bits, in this program. */
    public Avx2 avx2() {
        return avx2;
    }

    /** A new label, to be bound once. */
    public Label label() {
        return new Label();
    }

    /** A new label that is bound here. */
    public Label here() {
        Label label = label();
        bind(label);
        return label;
    }

    /** Binds a label to the next instruction. */
    public void bind(Label label) {
        if (label.position != Label.UNBOUND) {
            throw new IllegalStateException("A label is bound twice; make another one.");
        }
        label.position = encoder.length();
    }

    public void jmp(Label target) {
        encoder.emit(0xE9);
        encoder.emitJump(target);
    }

    /** Calls a part of the program, which {@link #ret} ends. */
    public void call(Label target) {
        encoder.emit(0xE8);
        encoder.emitJump(target);
    }

    /** Jumps if the last result was 0. */
    public void jz(Label target) {
        encoder.emit(0x0F, 0x84);
        encoder.emitJump(target);
    }

    /** Jumps if the last result was not 0. */
    public void jnz(Label target) {
        encoder.emit(0x0F, 0x85);
        encoder.emitJump(target);
    }

    public void ret() {
        encoder.emit(0xC3);
    }

    public void push(Gpr register) {
        stack(0x50, register);
    }

    public void pop(Gpr register) {
        stack(0x58, register);
    }

    private void stack(int opcode, Gpr register) {
        if (register.number() >= 8) {
            encoder.emit(0x41);
        }
        encoder.emit(opcode | register.number() & 7);
    }

    public void mov(Gpr to, Gpr from) {
        encoder.rex(0x89, from.number(), to.number());
    }

    /** Sets 64 bits to a sign-extended constant. */
    public void mov(Gpr to, int value) {
        encoder.rex(0xC7, 0, to.number());
        encoder.emitInt(value);
    }

    public void mov(Gpr to, Address from) {
        encoder.rex(1, 0x8B, to.number(), from);
    }

    public void mov(Address to, Gpr from) {
        encoder.rex(1, 0x89, from.number(), to);
    }

    /** Stores the lower 32 bits. */
    public void mov32(Address to, Gpr from) {
        encoder.rex(0, 0x89, from.number(), to);
    }

    /** Loads 32 bits and sets those above to 0. */
    public void mov32(Gpr to, Address from) {
        encoder.rex(0, 0x8B, to.number(), from);
    }

    /** Fetches a line of memory into the first level of cache; an address of none does no harm. */
    public void prefetcht0(Address line) {
        encoder.rex0f(0x18, 1, line);
    }

    /** Fetches a line of memory into the second level of cache; an address of none does no harm. */
    public void prefetcht1(Address line) {
        encoder.rex0f(0x18, 2, line);
    }

    public void lea(Gpr to, Address address) {
        encoder.rex(1, 0x8D, to.number(), address);
    }

    public void add(Gpr to, Gpr value) {
        encoder.rex(0x01, value.number(), to.number());
    }

    public void add(Gpr to, Address value) {
        encoder.rex(1, 0x03, to.number(), value);
    }

    public void add(Gpr to, int value) {
        immediate(0, to, value);
    }

    public void sub(Gpr from, int value) {
        immediate(5, from, value);
    }

    private void immediate(int extension, Gpr register, int value) {
        boolean small = (byte) value == value;
        encoder.rex(small ? 0x83 : 0x81, extension, register.number());
        if (small) {
            encoder.emit(value);
        } else {
            encoder.emitInt(value);
        }
    }

    public void shl(Gpr register, int bits) {
        encoder.rex(0xC1, 4, register.number());
        encoder.emit(bits);
    }

    public void test(Gpr a, Gpr b) {
        encoder.rex(0x85, b.number(), a.number());
    }

    public void cpuid() {
        encoder.emit(0x0F, 0xA2);
    }

    public void xgetbv() {
        encoder.emit(0x0F, 0x01, 0xD0);
    }

    public void vzeroupper() {
        encoder.emit(0xC5, 0xF8, 0x77);
    }

    // AMX

    public void ldtilecfg(Address configuration) {
        encoder.vex(MAP_0F38, NO_PREFIX, 0x49, 0, configuration, false);
    }

    public void tilerelease() {
        encoder.vex(MAP_0F38, NO_PREFIX, 0x49, 0, 0, 0);
    }

    public void tilezero(Tile tile) {
        encoder.vex(MAP_0F38, PREFIX_F2, 0x49, tile.number(), 0, 0);
    }

    /** Loads rows that are the address's index apart; 0 apart, one row is loaded into all. */
    public void tileloadd(Tile to, Address from) {
        encoder.vex(MAP_0F38, PREFIX_F2, 0x4B, to.number(), from, true);
    }

    /** Loads rows as {@link #tileloadd}; those that are not in the first level of cache do not get there. */
    public void tileloaddt1(Tile to, Address from) {
        encoder.vex(MAP_0F38, PREFIX_66, 0x4B, to.number(), from, true);
    }

    /** Stores rows, the address's index apart. */
    public void tilestored(Address to, Tile from) {
        encoder.vex(MAP_0F38, PREFIX_F3, 0x4B, from.number(), to, true);
    }

    /** {@code sum += a b}, a of rows of bf16, b of rows of pairs of them. */
    public void tdpbf16ps(Tile sum, Tile a, Tile b) {
        encoder.vex(MAP_0F38, PREFIX_F3, 0x5C, sum.number(), b.number(), a.number());
    }

    /** {@code sum += a b}, a of rows of signed bytes, b of rows of fours of them; sums are i32. */
    public void tdpbssd(Tile sum, Tile a, Tile b) {
        encoder.vex(MAP_0F38, PREFIX_F2, 0x5E, sum.number(), b.number(), a.number());
    }

    /** The same with unsigned bytes in b. */
    public void tdpbsud(Tile sum, Tile a, Tile b) {
        encoder.vex(MAP_0F38, PREFIX_F3, 0x5E, sum.number(), b.number(), a.number());
    }

    // AVX-512

    /** Sets a mask to the lowest bits of a register. */
    public void kmovw(Mask to, Gpr from) {
        encoder.vex(MAP_0F, NO_PREFIX, 0x92, to.number(), 0, from.number());
    }

    public void kmovd(Mask to, Gpr from) {
        encoder.vex(MAP_0F, PREFIX_F2, 0x92, to.number(), 0, from.number());
    }

    /** Sets a mask to 16 bits of memory. */
    public void kmovw(Mask to, Address from) {
        encoder.vex(MAP_0F, NO_PREFIX, 0x90, to.number(), from, false);
    }

    /** The other lanes. */
    public void knotw(Mask to, Mask from) {
        encoder.vex(MAP_0F, NO_PREFIX, 0x44, to.number(), 0, from.number());
    }

    /** Loads lanes of a mask and sets the others to 0; memory of these is not touched. */
    public void vmovups(Zmm to, Mask mask, Address from) {
        encoder.evex(Evex.of(MAP_0F, NO_PREFIX, 0).masked(mask, true), 0x10, to.number(), 0, from, VECTOR);
    }

    /** Stores lanes of a mask. */
    public void vmovups(Address to, Mask mask, Zmm from) {
        encoder.evex(Evex.of(MAP_0F, NO_PREFIX, 0).masked(mask, false), 0x11, from.number(), 0, to, VECTOR);
    }

    public void vbroadcastss(Zmm to, Address from) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_66, 0), 0x18, to.number(), 0, from, LANE);
    }

    public void vpxord(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F, PREFIX_66, 0), 0xEF, to.number(), a.number(), b.number());
    }

    public void vpxord(Zmm to, Zmm a, Address b) {
        encoder.evex(Evex.of(MAP_0F, PREFIX_66, 0), 0xEF, to.number(), a.number(), b, VECTOR);
    }

    public void vpandd(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F, PREFIX_66, 0), 0xDB, to.number(), a.number(), b.number());
    }

    public void vpandd(Zmm to, Zmm a, Address b) {
        encoder.evex(Evex.of(MAP_0F, PREFIX_66, 0), 0xDB, to.number(), a.number(), b, VECTOR);
    }

    public void vmulps(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F, NO_PREFIX, 0), 0x59, to.number(), a.number(), b.number());
    }

    public void vmulps(Zmm to, Zmm a, Address b) {
        encoder.evex(Evex.of(MAP_0F, NO_PREFIX, 0), 0x59, to.number(), a.number(), b, VECTOR);
    }

    /** By one f32 of memory. */
    public void vmulpsBroadcast(Zmm to, Zmm a, Address b) {
        encoder.evex(Evex.of(MAP_0F, NO_PREFIX, 0).broadcasting(), 0x59, to.number(), a.number(), b, LANE);
    }

    public void vdivps(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F, NO_PREFIX, 0), 0x5E, to.number(), a.number(), b.number());
    }

    /** The greater lanes; of b where one of two is NaN. */
    public void vmaxps(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F, NO_PREFIX, 0), 0x5F, to.number(), a.number(), b.number());
    }

    /** The lesser lanes; of b where one of two is NaN. */
    public void vminps(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F, NO_PREFIX, 0), 0x5D, to.number(), a.number(), b.number());
    }

    public void vsqrtps(Zmm to, Zmm from) {
        encoder.evex(Evex.of(MAP_0F, NO_PREFIX, 0), 0x51, to.number(), 0, from.number());
    }

    /** Inverses with a relative error below 2^-14. */
    public void vrcp14ps(Zmm to, Zmm from) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_66, 0), 0x4C, to.number(), 0, from.number());
    }

    /** The nearest integers, of ties the even one. */
    public void vrndscalepsNearest(Zmm to, Zmm from) {
        encoder.evex(Evex.of(MAP_0F3A, PREFIX_66, 0), 0x08, to.number(), 0, from.number());
        encoder.emit(ROUND_TO_NEAREST);
    }

    /** {@code to = b - to a}, rounded once. */
    public void vfnmadd213ps(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_66, 0), 0xAC, to.number(), a.number(), b.number());
    }

    /** Sets a mask to the lanes for which a comparison holds. */
    public void vcmpps(Mask to, Zmm a, Zmm b, Comparison comparison) {
        encoder.evex(Evex.of(MAP_0F, NO_PREFIX, 0), 0xC2, to.number(), a.number(), b.number());
        encoder.emit(comparison.predicate());
    }

    /** Lanes of b where the mask is set, else of a. */
    public void vblendmps(Zmm to, Mask mask, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_66, 0).masked(mask, false), 0x65, to.number(), a.number(), b.number());
    }

    /** Loads 128 bits and sets those above to 0; of registers 0 to 15. */
    public void vmovups128(Zmm to, Address from) {
        avx2.vmovups128(new Ymm(to.number()), from);
    }

    /** The quarters of a, but one of memory. */
    public void vinsertf32x4(Zmm to, Zmm a, Address b, int quarter) {
        encoder.evex(Evex.of(MAP_0F3A, PREFIX_66, 0), 0x18, to.number(), a.number(), b, QUARTER);
        encoder.emit(quarter);
    }

    /** Of each quarter the lower two lanes of a and b in turn. */
    public void vunpcklps(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F, NO_PREFIX, 0), 0x14, to.number(), a.number(), b.number());
    }

    /** Of each quarter the upper two lanes of a and b in turn. */
    public void vunpckhps(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F, NO_PREFIX, 0), 0x15, to.number(), a.number(), b.number());
    }

    /** Of each quarter the lower halves of a and b. */
    public void vunpcklpd(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F, PREFIX_66, 1), 0x14, to.number(), a.number(), b.number());
    }

    /** Of each quarter the upper halves of a and b. */
    public void vunpckhpd(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F, PREFIX_66, 1), 0x15, to.number(), a.number(), b.number());
    }

    public void vaddps(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F, NO_PREFIX, 0), 0x58, to.number(), a.number(), b.number());
    }

    /** {@code sum += a b}, rounded once. */
    public void vfmadd231ps(Zmm sum, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_66, 0), 0xB8, sum.number(), a.number(), b.number());
    }

    /** As the other one, in lanes of a mask; the others stay. */
    public void vfmadd231ps(Zmm sum, Mask mask, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_66, 0).masked(mask, false), 0xB8, sum.number(), a.number(), b.number());
    }

    /** {@code sum += a b}, rounded once, b one f32 of memory. */
    public void vfmadd231psBroadcast(Zmm sum, Zmm a, Address b) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_66, 0).broadcasting(), 0xB8, sum.number(), a.number(), b, LANE);
    }

    /** {@code to = to a + b}, rounded once. */
    public void vfmadd213ps(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_66, 0), 0xA8, to.number(), a.number(), b.number());
    }

    /** What lanes have above or below the nearest integer, which is exact; of infinities 0. */
    public void vreducepsNearest(Zmm to, Zmm from) {
        encoder.evex(Evex.of(MAP_0F3A, PREFIX_66, 0), 0x56, to.number(), 0, from.number());
        encoder.emit(ROUND_TO_NEAREST);
    }

    /** What lanes have above the integer below them; of infinities 0. */
    public void vreducepsDown(Zmm to, Zmm from) {
        encoder.evex(Evex.of(MAP_0F3A, PREFIX_66, 0), 0x56, to.number(), 0, from.number());
        encoder.emit(ROUND_DOWN);
    }

    /** {@code to = a 2^floor(b)}. */
    public void vscalefps(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_66, 0), 0x2C, to.number(), a.number(), b.number());
    }

    /** Two quarters of a, then two of b, that a constant says, two bits for each. */
    public void vshuff32x4(Zmm to, Zmm a, Zmm b, int quarters) {
        encoder.evex(Evex.of(MAP_0F3A, PREFIX_66, 0), 0x23, to.number(), a.number(), b.number());
        encoder.emit(quarters);
    }

    public void vpaddd(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F, PREFIX_66, 0), 0xFE, to.number(), a.number(), b.number());
    }

    public void vpsubd(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F, PREFIX_66, 0), 0xFA, to.number(), a.number(), b.number());
    }

    /** The greater of signed lanes. */
    public void vpmaxsd(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_66, 0), 0x3D, to.number(), a.number(), b.number());
    }

    /** The lanes of b from one on, and then the first ones of a. */
    public void valignd(Zmm to, Zmm a, Zmm b, int first) {
        encoder.evex(Evex.of(MAP_0F3A, PREFIX_66, 0), 0x03, to.number(), a.number(), b.number());
        encoder.emit(first);
    }

    public void vcvtdq2ps(Zmm to, Zmm from) {
        encoder.evex(Evex.of(MAP_0F, NO_PREFIX, 0), 0x5B, to.number(), 0, from.number());
    }

    /** To the nearest, ties to even; what no i32 is becomes the least. */
    public void vcvtps2dq(Zmm to, Zmm from) {
        encoder.evex(Evex.of(MAP_0F, PREFIX_66, 0), 0x5B, to.number(), 0, from.number());
    }

    /** Widens 16 f16 of memory. */
    public void vcvtph2ps(Zmm to, Address from) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_66, 0), 0x13, to.number(), 0, from, HALF);
    }

    /** Stores lanes as 16 signed bytes, the nearest that there are. */
    public void vpmovsdb(Address to, Zmm from) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_F3, 0), 0x21, from.number(), 0, to, QUARTER);
    }

    /** {@code sum += a b} for the four products of each lane's unsigned bytes of a by the signed ones of an i32 of memory. */
    public void vpdpbusdBroadcast(Zmm sum, Zmm a, Address b) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_66, 0).broadcasting(), 0x50, sum.number(), a.number(), b, LANE);
    }

    public void vsubps(Zmm to, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F, NO_PREFIX, 0), 0x5C, to.number(), a.number(), b.number());
    }

    /** {@code sum += a b} for the two products of each lane's pair. */
    public void vdpbf16ps(Zmm sum, Zmm a, Zmm b) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_F3, 0), 0x52, sum.number(), a.number(), b.number());
    }

    /** Rounds two vectors of f32 to one of bf16. */
    public void vcvtne2ps2bf16(Zmm to, Zmm upper, Zmm lower) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_F2, 0), 0x72, to.number(), upper.number(), lower.number());
    }

    /** Rounds a vector of f32 to bf16, in the lower half. */
    public void vcvtneps2bf16(Zmm to, Zmm from) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_F3, 0), 0x72, to.number(), 0, from.number());
    }

    /** Widens the lower half's words to lanes of 32 bits. */
    public void vpmovzxwd(Zmm to, Zmm from) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_66, 0), 0x33, to.number(), 0, from.number());
    }

    /** Widens 16 words to lanes of 32 bits. */
    public void vpmovzxwd(Zmm to, Address from) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_66, 0), 0x33, to.number(), 0, from, 32);
    }

    public void vpslld(Zmm to, Zmm from, int bits) {
        encoder.evex(Evex.of(MAP_0F, PREFIX_66, 0), 0x72, 6, to.number(), from.number());
        encoder.emit(bits);
    }

    public void vpsrld(Zmm to, Zmm from, int bits) {
        encoder.evex(Evex.of(MAP_0F, PREFIX_66, 0), 0x72, 2, to.number(), from.number());
        encoder.emit(bits);
    }

    /** {@code to[i] = from[indices[i]]}, of words. */
    public void vpermw(Zmm to, Zmm indices, Zmm from) {
        encoder.evex(Evex.of(MAP_0F38, PREFIX_66, 1), 0x8D, to.number(), indices.number(), from.number());
    }
}
