package io.llm2clip.kernels.cpu.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.*;

import io.llm2clip.kernels.cpu.machine.AssemblerTest.Golden;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** As {@link AssemblerTest}, for vectors of 256 bits. */
class Avx2Test {

    static List<Golden> instructions() {
        return List.of(
                Golden.of("c5fc105e60", "vmovups ymm3, [rsi+96]", a -> a.avx2().vmovups(new Ymm(3), at(RSI, 96))),
                Golden.of(
                        "c4017c10a40c80000000",
                        "vmovups ymm12, [r12+r9+128]",
                        a -> a.avx2().vmovups(new Ymm(12), at(R12, R9, 128))),
                Golden.of("c57c110a", "vmovups [rdx], ymm9", a -> a.avx2().vmovups(at(RDX, 0), new Ymm(9))),
                Golden.of(
                        "c4c178101c11", "vmovups xmm3, [r9+rdx]", a -> a.avx2().vmovups128(new Ymm(3), at(R9, RDX, 0))),
                Golden.of(
                        "c4c375180c3101",
                        "vinsertf128 ymm1, ymm1, [r9+rsi], 1",
                        a -> a.avx2().vinsertf128(new Ymm(1), new Ymm(1), at(R9, RSI, 0), 1)),
                Golden.of(
                        "c4636518602001",
                        "vinsertf128 ymm12, ymm3, [rax+32], 1",
                        a -> a.avx2().vinsertf128(new Ymm(12), new Ymm(3), at(RAX, 32), 1)),
                Golden.of(
                        "c4c17c14e3",
                        "vunpcklps ymm4, ymm0, ymm11",
                        a -> a.avx2().vunpcklps(new Ymm(4), new Ymm(0), new Ymm(11))),
                Golden.of(
                        "c53c15fb",
                        "vunpckhps ymm15, ymm8, ymm3",
                        a -> a.avx2().vunpckhps(new Ymm(15), new Ymm(8), new Ymm(3))),
                Golden.of(
                        "c4415d14c4",
                        "vunpcklpd ymm8, ymm4, ymm12",
                        a -> a.avx2().vunpcklpd(new Ymm(8), new Ymm(4), new Ymm(12))),
                Golden.of(
                        "c50d15ce",
                        "vunpckhpd ymm9, ymm14, ymm6",
                        a -> a.avx2().vunpckhpd(new Ymm(9), new Ymm(14), new Ymm(6))),
                Golden.of(
                        "c4417458dc",
                        "vaddps ymm11, ymm1, ymm12",
                        a -> a.avx2().vaddps(new Ymm(11), new Ymm(1), new Ymm(12))),
                Golden.of(
                        "c4c11c5cd9",
                        "vsubps ymm3, ymm12, ymm9",
                        a -> a.avx2().vsubps(new Ymm(3), new Ymm(12), new Ymm(9))),
                Golden.of(
                        "c4416c5df3",
                        "vminps ymm14, ymm2, ymm11",
                        a -> a.avx2().vminps(new Ymm(14), new Ymm(2), new Ymm(11))),
                Golden.of("c4c17c51ed", "vsqrtps ymm5, ymm13", a -> a.avx2().vsqrtps(new Ymm(5), new Ymm(13))),
                Golden.of(
                        "c44275a8c7",
                        "vfmadd213ps ymm8, ymm1, ymm15",
                        a -> a.avx2().vfmadd213ps(new Ymm(8), new Ymm(1), new Ymm(15))),
                Golden.of(
                        "c58cc2fa1e",
                        "vcmpps ymm7, ymm14, ymm2, 30",
                        a -> a.avx2().vcmpps(new Ymm(7), new Ymm(14), new Ymm(2), Comparison.GREATER)),
                Golden.of(
                        "c443654acc60",
                        "vblendvps ymm9, ymm3, ymm12, ymm6",
                        a -> a.avx2().vblendvps(new Ymm(9), new Ymm(3), new Ymm(12), new Ymm(6))),
                Golden.of(
                        "c55c595e40",
                        "vmulps ymm11, ymm4, [rsi+64]",
                        a -> a.avx2().vmulps(new Ymm(11), new Ymm(4), at(RSI, 64))),
                Golden.of("c5fa115504", "vmovss [rbp+4], xmm2", a -> a.avx2().vmovss(at(RBP, 4), new Ymm(2))),
                Golden.of(
                        "c57a115c0d00", "vmovss [rbp+rcx], xmm11", a -> a.avx2().vmovss(at(RBP, RCX, 0), new Ymm(11))),
                Golden.of(
                        "c4e2152c6d20",
                        "vmaskmovps ymm5, ymm13, [rbp+32]",
                        a -> a.avx2().vmaskmovps(new Ymm(5), new Ymm(13), at(RBP, 32))),
                Golden.of(
                        "c4c20d2e7120",
                        "vmaskmovps [r9+32], ymm14, ymm6",
                        a -> a.avx2().vmaskmovps(at(R9, 32), new Ymm(14), new Ymm(6))),
                Golden.of(
                        "c4627d1880fc010000",
                        "vbroadcastss ymm8, dword ptr [rax+508]",
                        a -> a.avx2().vbroadcastss(new Ymm(8), at(RAX, 508))),
                Golden.of(
                        "c4c16defdd",
                        "vpxor ymm3, ymm2, ymm13",
                        a -> a.avx2().vpxor(new Ymm(3), new Ymm(2), new Ymm(13))),
                Golden.of(
                        "c505ef5660",
                        "vpxor ymm10, ymm15, [rsi+96]",
                        a -> a.avx2().vpxor(new Ymm(10), new Ymm(15), at(RSI, 96))),
                Golden.of(
                        "c59ddbd9",
                        "vpand ymm3, ymm12, ymm1",
                        a -> a.avx2().vpand(new Ymm(3), new Ymm(12), new Ymm(1))),
                Golden.of(
                        "c555db7640",
                        "vpand ymm14, ymm5, [rsi+64]",
                        a -> a.avx2().vpand(new Ymm(14), new Ymm(5), at(RSI, 64))),
                Golden.of("c4c15d72d504", "vpsrld ymm4, ymm13, 4", a -> a.avx2().vpsrld(new Ymm(4), new Ymm(13), 4)),
                Golden.of("c5a572f307", "vpslld ymm11, ymm3, 7", a -> a.avx2().vpslld(new Ymm(11), new Ymm(3), 7)),
                Golden.of("c4427d1cee", "vpabsb ymm13, ymm14", a -> a.avx2().vpabsb(new Ymm(13), new Ymm(14))),
                Golden.of(
                        "c4420508fc",
                        "vpsignb ymm15, ymm15, ymm12",
                        a -> a.avx2().vpsignb(new Ymm(15), new Ymm(15), new Ymm(12))),
                Golden.of(
                        "c4c21504ff",
                        "vpmaddubsw ymm7, ymm13, ymm15",
                        a -> a.avx2().vpmaddubsw(new Ymm(7), new Ymm(13), new Ymm(15))),
                Golden.of(
                        "c44105f5f8",
                        "vpmaddwd ymm15, ymm15, ymm8",
                        a -> a.avx2().vpmaddwd(new Ymm(15), new Ymm(15), new Ymm(8))),
                Golden.of(
                        "c5b5fdca",
                        "vpaddw ymm1, ymm9, ymm2",
                        a -> a.avx2().vpaddw(new Ymm(1), new Ymm(9), new Ymm(2))),
                Golden.of(
                        "c5adfef3",
                        "vpaddd ymm6, ymm10, ymm3",
                        a -> a.avx2().vpaddd(new Ymm(6), new Ymm(10), new Ymm(3))),
                Golden.of(
                        "c4c15dfacc",
                        "vpsubd ymm1, ymm4, ymm12",
                        a -> a.avx2().vpsubd(new Ymm(1), new Ymm(4), new Ymm(12))),
                Golden.of(
                        "c4426d3dcb",
                        "vpmaxsd ymm9, ymm2, ymm11",
                        a -> a.avx2().vpmaxsd(new Ymm(9), new Ymm(2), new Ymm(11))),
                Golden.of("c57c5be3", "vcvtdq2ps ymm12, ymm3", a -> a.avx2().vcvtdq2ps(new Ymm(12), new Ymm(3))),
                Golden.of("c4c17d5bff", "vcvtps2dq ymm7, ymm15", a -> a.avx2().vcvtps2dq(new Ymm(7), new Ymm(15))),
                Golden.of(
                        "c5a459f1",
                        "vmulps ymm6, ymm11, ymm1",
                        a -> a.avx2().vmulps(new Ymm(6), new Ymm(11), new Ymm(1))),
                Golden.of(
                        "c4c16c5ee5",
                        "vdivps ymm4, ymm2, ymm13",
                        a -> a.avx2().vdivps(new Ymm(4), new Ymm(2), new Ymm(13))),
                Golden.of(
                        "c441645fd1",
                        "vmaxps ymm10, ymm3, ymm9",
                        a -> a.avx2().vmaxps(new Ymm(10), new Ymm(3), new Ymm(9))),
                Golden.of(
                        "c4c215b8d1",
                        "vfmadd231ps ymm2, ymm13, ymm9",
                        a -> a.avx2().vfmadd231ps(new Ymm(2), new Ymm(13), new Ymm(9))),
                Golden.of(
                        "c4627d134610",
                        "vcvtph2ps ymm8, [rsi+16]",
                        a -> a.avx2().vcvtph2ps(new Ymm(8), at(RSI, 16))),
                Golden.of(
                        "c4627d334610",
                        "vpmovzxwd ymm8, [rsi+16]",
                        a -> a.avx2().vpmovzxwd(new Ymm(8), at(RSI, 16))),
                Golden.of(
                        "c4c1356bcc",
                        "vpackssdw ymm1, ymm9, ymm12",
                        a -> a.avx2().vpackssdw(new Ymm(1), new Ymm(9), new Ymm(12))),
                Golden.of(
                        "c55d63ed",
                        "vpacksswb ymm13, ymm4, ymm5",
                        a -> a.avx2().vpacksswb(new Ymm(13), new Ymm(4), new Ymm(5))),
                Golden.of(
                        "c4c22536de",
                        "vpermd ymm3, ymm11, ymm14",
                        a -> a.avx2().vpermd(new Ymm(3), new Ymm(11), new Ymm(14))),
                Golden.of(
                        "c4c31d46d101",
                        "vperm2i128 ymm2, ymm12, ymm9, 1",
                        a -> a.avx2().vperm2i128(new Ymm(2), new Ymm(12), new Ymm(9), 1)),
                Golden.of(
                        "c4633546e231",
                        "vperm2i128 ymm12, ymm9, ymm2, 0x31",
                        a -> a.avx2().vperm2i128(new Ymm(12), new Ymm(9), new Ymm(2), 0x31)),
                Golden.of("c57d70de4e", "vpshufd ymm11, ymm6, 78", a -> a.avx2().vpshufd(new Ymm(11), new Ymm(6), 78)),
                Golden.of(
                        "c4c21d50d7",
                        "{vex} vpdpbusd ymm2, ymm12, ymm15",
                        a -> a.avx2().vpdpbusd(new Ymm(2), new Ymm(12), new Ymm(15))));
    }

    @ParameterizedTest
    @MethodSource("instructions")
    void instructionsAreThoseOfAnotherAssembler(Golden golden) {
        golden.check();
    }
}
