package io.llm2clip.kernels.cpu.machine;

import static io.llm2clip.kernels.cpu.machine.Encoder.MAP_0F;
import static io.llm2clip.kernels.cpu.machine.Encoder.MAP_0F38;
import static io.llm2clip.kernels.cpu.machine.Encoder.MAP_0F3A;
import static io.llm2clip.kernels.cpu.machine.Encoder.NO_PREFIX;
import static io.llm2clip.kernels.cpu.machine.Encoder.PREFIX_66;
import static io.llm2clip.kernels.cpu.machine.Encoder.PREFIX_F3;

import io.llm2clip.kernels.cpu.machine.Encoder.Vex;

/** The instructions of an {@link Assembler}'s program on vectors of 256 bits: AVX2, FMA, F16C, AVX-VNNI. */
public final class Avx2 {
    private final Encoder encoder;

    Avx2(Encoder encoder) {
        this.encoder = encoder;
    }

    private void three(Vex form, int opcode, Ymm to, Ymm a, Ymm b) {
        encoder.vex(form, opcode, to.number(), a.number(), b.number());
    }

    public void vmovups(Ymm to, Address from) {
        encoder.vex(new Vex(MAP_0F, NO_PREFIX, 1), 0x10, to.number(), 0, from);
    }

    public void vmovups(Address to, Ymm from) {
        encoder.vex(new Vex(MAP_0F, NO_PREFIX, 1), 0x11, from.number(), 0, to);
    }

    /** Loads 128 bits and sets those above to 0. */
    public void vmovups128(Ymm to, Address from) {
        encoder.vex(new Vex(MAP_0F, NO_PREFIX, 0), 0x10, to.number(), 0, from);
    }

    /** The halves of a, but one of memory. */
    public void vinsertf128(Ymm to, Ymm a, Address b, int half) {
        encoder.vex(new Vex(MAP_0F3A, PREFIX_66, 1), 0x18, to.number(), a.number(), b);
        encoder.emit(half);
    }

    /** Of each half the lower two lanes of a and b in turn. */
    public void vunpcklps(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, NO_PREFIX, 1), 0x14, to, a, b);
    }

    /** Of each half the upper two lanes of a and b in turn. */
    public void vunpckhps(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, NO_PREFIX, 1), 0x15, to, a, b);
    }

    /** Of each half the lower halves of a and b. */
    public void vunpcklpd(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, PREFIX_66, 1), 0x14, to, a, b);
    }

    /** Of each half the upper halves of a and b. */
    public void vunpckhpd(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, PREFIX_66, 1), 0x15, to, a, b);
    }

    public void vaddps(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, NO_PREFIX, 1), 0x58, to, a, b);
    }

    public void vsubps(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, NO_PREFIX, 1), 0x5C, to, a, b);
    }

    /** Stores the first lane. */
    public void vmovss(Address to, Ymm from) {
        encoder.vex(new Vex(MAP_0F, PREFIX_F3, 0), 0x11, from.number(), 0, to);
    }

    /** Loads lanes whose mask is negative and sets the others to 0; memory of these is not touched. */
    public void vmaskmovps(Ymm to, Ymm mask, Address from) {
        encoder.vex(new Vex(MAP_0F38, PREFIX_66, 1), 0x2C, to.number(), mask.number(), from);
    }

    /** Stores lanes whose mask is negative. */
    public void vmaskmovps(Address to, Ymm mask, Ymm from) {
        encoder.vex(new Vex(MAP_0F38, PREFIX_66, 1), 0x2E, from.number(), mask.number(), to);
    }

    public void vbroadcastss(Ymm to, Address from) {
        encoder.vex(new Vex(MAP_0F38, PREFIX_66, 1), 0x18, to.number(), 0, from);
    }

    /** Widens 8 f16 of memory. */
    public void vcvtph2ps(Ymm to, Address from) {
        encoder.vex(new Vex(MAP_0F38, PREFIX_66, 1), 0x13, to.number(), 0, from);
    }

    /** Widens 8 words to lanes of 32 bits. */
    public void vpmovzxwd(Ymm to, Address from) {
        encoder.vex(new Vex(MAP_0F38, PREFIX_66, 1), 0x33, to.number(), 0, from);
    }

    public void vpsrld(Ymm to, Ymm from, int bits) {
        encoder.vex(new Vex(MAP_0F, PREFIX_66, 1), 0x72, 2, to.number(), from.number());
        encoder.emit(bits);
    }

    public void vpslld(Ymm to, Ymm from, int bits) {
        encoder.vex(new Vex(MAP_0F, PREFIX_66, 1), 0x72, 6, to.number(), from.number());
        encoder.emit(bits);
    }

    /** Of the halves of a and b those that a constant says, four bits for each: 0 and 1 are those of a, 2 and 3 those of b. */
    public void vperm2i128(Ymm to, Ymm a, Ymm b, int halves) {
        three(new Vex(MAP_0F3A, PREFIX_66, 1), 0x46, to, a, b);
        encoder.emit(halves);
    }

    /** Of each half the lanes that a constant says, two bits for each. */
    public void vpshufd(Ymm to, Ymm from, int lanes) {
        encoder.vex(new Vex(MAP_0F, PREFIX_66, 1), 0x70, to.number(), 0, from.number());
        encoder.emit(lanes);
    }

    public void vpxor(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, PREFIX_66, 1), 0xEF, to, a, b);
    }

    public void vpxor(Ymm to, Ymm a, Address b) {
        encoder.vex(new Vex(MAP_0F, PREFIX_66, 1), 0xEF, to.number(), a.number(), b);
    }

    public void vpand(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, PREFIX_66, 1), 0xDB, to, a, b);
    }

    public void vpand(Ymm to, Ymm a, Address b) {
        encoder.vex(new Vex(MAP_0F, PREFIX_66, 1), 0xDB, to.number(), a.number(), b);
    }

    /** Adds words. */
    public void vpaddw(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, PREFIX_66, 1), 0xFD, to, a, b);
    }

    public void vpaddd(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, PREFIX_66, 1), 0xFE, to, a, b);
    }

    public void vpsubd(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, PREFIX_66, 1), 0xFA, to, a, b);
    }

    /** The greater of signed lanes. */
    public void vpmaxsd(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F38, PREFIX_66, 1), 0x3D, to, a, b);
    }

    /** The bytes of a with the sign of those of b, or 0. */
    public void vpsignb(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F38, PREFIX_66, 1), 0x08, to, a, b);
    }

    /** Words, two products each of unsigned bytes of a by signed ones of b, saturated. */
    public void vpmaddubsw(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F38, PREFIX_66, 1), 0x04, to, a, b);
    }

    /** Lanes, two products each of signed words. */
    public void vpmaddwd(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, PREFIX_66, 1), 0xF5, to, a, b);
    }

    public void vmulps(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, NO_PREFIX, 1), 0x59, to, a, b);
    }

    public void vmulps(Ymm to, Ymm a, Address b) {
        encoder.vex(new Vex(MAP_0F, NO_PREFIX, 1), 0x59, to.number(), a.number(), b);
    }

    public void vdivps(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, NO_PREFIX, 1), 0x5E, to, a, b);
    }

    /** The greater lanes; of b where one of two is NaN. */
    public void vmaxps(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, NO_PREFIX, 1), 0x5F, to, a, b);
    }

    /** The lesser lanes; of b where one of two is NaN. */
    public void vminps(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, NO_PREFIX, 1), 0x5D, to, a, b);
    }

    public void vsqrtps(Ymm to, Ymm from) {
        encoder.vex(new Vex(MAP_0F, NO_PREFIX, 1), 0x51, to.number(), 0, from.number());
    }

    /** All bits of lanes for which a comparison holds, and none of the others. */
    public void vcmpps(Ymm to, Ymm a, Ymm b, Comparison comparison) {
        three(new Vex(MAP_0F, NO_PREFIX, 1), 0xC2, to, a, b);
        encoder.emit(comparison.predicate());
    }

    /** Lanes of b where the mask is negative, else of a. */
    public void vblendvps(Ymm to, Ymm a, Ymm b, Ymm mask) {
        three(new Vex(MAP_0F3A, PREFIX_66, 1), 0x4A, to, a, b);
        encoder.emit(mask.number() << 4);
    }

    /** {@code to = to a + b}, rounded once. */
    public void vfmadd213ps(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F38, PREFIX_66, 1), 0xA8, to, a, b);
    }

    /** {@code to += a b}, rounded once. */
    public void vfmadd231ps(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F38, PREFIX_66, 1), 0xB8, to, a, b);
    }

    /** {@code to += a b} for the four products of each lane's unsigned bytes of a by signed ones of b: AVX-VNNI. */
    public void vpdpbusd(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F38, PREFIX_66, 1), 0x50, to, a, b);
    }

    /** Lanes as words, saturated, of a and b in turn for each half. */
    public void vpackssdw(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, PREFIX_66, 1), 0x6B, to, a, b);
    }

    /** Words as bytes, as {@link #vpackssdw} does lanes. */
    public void vpacksswb(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F, PREFIX_66, 1), 0x63, to, a, b);
    }

    /** {@code to[i] = b[a[i]]}. */
    public void vpermd(Ymm to, Ymm a, Ymm b) {
        three(new Vex(MAP_0F38, PREFIX_66, 1), 0x36, to, a, b);
    }

    /** Of signed bytes; of -128, 128 as an unsigned one. */
    public void vpabsb(Ymm to, Ymm from) {
        encoder.vex(new Vex(MAP_0F38, PREFIX_66, 1), 0x1C, to.number(), 0, from.number());
    }

    public void vcvtdq2ps(Ymm to, Ymm from) {
        encoder.vex(new Vex(MAP_0F, NO_PREFIX, 1), 0x5B, to.number(), 0, from.number());
    }

    /** To the nearest, ties to even; what no i32 is becomes the least. */
    public void vcvtps2dq(Ymm to, Ymm from) {
        encoder.vex(new Vex(MAP_0F, PREFIX_66, 1), 0x5B, to.number(), 0, from.number());
    }
}
