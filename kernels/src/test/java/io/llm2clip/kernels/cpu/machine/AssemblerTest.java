package io.llm2clip.kernels.cpu.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Bytes that GNU as 2.40 makes of the same text, Intel syntax, one instruction at a time. */
class AssemblerTest {

    record Golden(String bytes, String text, Consumer<Assembler> instruction) {
        static Golden of(String bytes, String text, Consumer<Assembler> instruction) {
            return new Golden(bytes, text, instruction);
        }

        void check() {
            Assembler assembler = new Assembler();
            instruction.accept(assembler);
            assertThat(HexFormat.of().formatHex(assembler.code())).isEqualTo(bytes);
        }

        @Override
        public String toString() {
            return text;
        }
    }

    static List<Golden> instructions() {
        return List.of(
                Golden.of("4889f8", "mov rax, rdi", a -> a.mov(RAX, RDI)),
                Golden.of("4989dc", "mov r12, rbx", a -> a.mov(R12, RBX)),
                Golden.of("4c89fe", "mov rsi, r15", a -> a.mov(RSI, R15)),
                Golden.of("48c7c2ffffffff", "mov rdx, -1", a -> a.mov(RDX, -1)),
                Golden.of("49c7c178563412", "mov r9, 0x12345678", a -> a.mov(R9, 0x12345678)),
                Golden.of("488b07", "mov rax, [rdi]", a -> a.mov(RAX, at(RDI, 0))),
                Golden.of("488b4500", "mov rax, [rbp+0]", a -> a.mov(RAX, at(RBP, 0))),
                Golden.of("4d8b5500", "mov r10, [r13+0]", a -> a.mov(R10, at(R13, 0))),
                Golden.of("488b442408", "mov rax, [rsp+8]", a -> a.mov(RAX, at(RSP, 8))),
                Golden.of("498b442480", "mov rax, [r12-128]", a -> a.mov(RAX, at(R12, -128))),
                Golden.of("488b8780000000", "mov rax, [rdi+128]", a -> a.mov(RAX, at(RDI, 128))),
                Golden.of("4f8b441118", "mov r8, [r9+r10+24]", a -> a.mov(R8, at(R9, R10, 24))),
                Golden.of("488b040b", "mov rax, [rbx+rcx]", a -> a.mov(RAX, at(RBX, RCX, 0))),
                Golden.of("488b443500", "mov rax, [rbp+rsi+0]", a -> a.mov(RAX, at(RBP, RSI, 0))),
                Golden.of("4c895f28", "mov [rdi+40], r11", a -> a.mov(at(RDI, 40), R11)),
                Golden.of("41895804", "mov [r8+4], ebx", a -> a.mov32(at(R8, 4), RBX)),
                Golden.of("8906", "mov [rsi], eax", a -> a.mov32(at(RSI, 0), RAX)),
                Golden.of("44894e0c", "mov [rsi+12], r9d", a -> a.mov32(at(RSI, 12), R9)),
                Golden.of("488d8c1600f0ffff", "lea rcx, [rsi+rdx-4096]", a -> a.lea(RCX, at(RSI, RDX, -4096))),
                Golden.of("4c01f0", "add rax, r14", a -> a.add(RAX, R14)),
                Golden.of("4c034710", "add r8, [rdi+16]", a -> a.add(R8, at(RDI, 16))),
                Golden.of("4983c540", "add r13, 64", a -> a.add(R13, 64)),
                Golden.of("4881c300080000", "add rbx, 2048", a -> a.add(RBX, 2048)),
                Golden.of("4881c380000000", "add rbx, 128", a -> a.add(RBX, 128)),
                Golden.of("4883c380", "add rbx, -128", a -> a.add(RBX, -128)),
                Golden.of("4883ea01", "sub rdx, 1", a -> a.sub(RDX, 1)),
                Golden.of("4981e900100000", "sub r9, 4096", a -> a.sub(R9, 4096)),
                Golden.of("49c1e304", "shl r11, 4", a -> a.shl(R11, 4)),
                Golden.of("4885c9", "test rcx, rcx", a -> a.test(RCX, RCX)),
                Golden.of("4d85c8", "test r8, r9", a -> a.test(R8, R9)),
                Golden.of("53", "push rbx", a -> a.push(RBX)),
                Golden.of("4154", "push r12", a -> a.push(R12)),
                Golden.of("5d", "pop rbp", a -> a.pop(RBP)),
                Golden.of("415f", "pop r15", a -> a.pop(R15)),
                Golden.of("c3", "ret", a -> a.ret()),
                Golden.of("0fa2", "cpuid", a -> a.cpuid()),
                Golden.of("0f01d0", "xgetbv", a -> a.xgetbv()),
                Golden.of("c5f877", "vzeroupper", a -> a.vzeroupper()),
                Golden.of("c4e278498780000000", "ldtilecfg [rdi+128]", a -> a.ldtilecfg(at(RDI, 128))),
                Golden.of("c4c278490424", "ldtilecfg [r12]", a -> a.ldtilecfg(at(R12, 0))),
                Golden.of("c4c278494040", "ldtilecfg [r8+64]", a -> a.ldtilecfg(at(R8, 64))),
                Golden.of("c4e27849c0", "tilerelease", a -> a.tilerelease()),
                Golden.of("c4e27b49c0", "tilezero tmm0", a -> a.tilezero(new Tile(0))),
                Golden.of("c4e27b49f8", "tilezero tmm7", a -> a.tilezero(new Tile(7))),
                Golden.of(
                        "c4a27b4bb41100040000",
                        "tileloadd tmm6, [rcx+r10*1+1024]",
                        a -> a.tileloadd(new Tile(6), at(RCX, R10, 1024))),
                Golden.of(
                        "c4827b4b440500",
                        "tileloadd tmm0, [r13+r8*1+0]",
                        a -> a.tileloadd(new Tile(0), at(R13, R8, 0))),
                Golden.of(
                        "c4e27b4b4c1840",
                        "tileloadd tmm1, [rax+rbx*1+64]",
                        a -> a.tileloadd(new Tile(1), at(RAX, RBX, 64))),
                Golden.of(
                        "c4a2794bb41100040000",
                        "tileloaddt1 tmm6, [rcx+r10*1+1024]",
                        a -> a.tileloaddt1(new Tile(6), at(RCX, R10, 1024))),
                Golden.of(
                        "c4a27a4b5c1a40",
                        "tilestored [rdx+r11*1+64], tmm3",
                        a -> a.tilestored(at(RDX, R11, 64), new Tile(3))),
                Golden.of(
                        "c4c27a4b140e",
                        "tilestored [r14+rcx*1], tmm2",
                        a -> a.tilestored(at(R14, RCX, 0), new Tile(2))),
                Golden.of(
                        "c4e24a5cc4",
                        "tdpbf16ps tmm0, tmm4, tmm6",
                        a -> a.tdpbf16ps(new Tile(0), new Tile(4), new Tile(6))),
                Golden.of(
                        "c4e2425cdd",
                        "tdpbf16ps tmm3, tmm5, tmm7",
                        a -> a.tdpbf16ps(new Tile(3), new Tile(5), new Tile(7))),
                Golden.of(
                        "c4e24b5ec4",
                        "tdpbssd tmm0, tmm4, tmm6",
                        a -> a.tdpbssd(new Tile(0), new Tile(4), new Tile(6))),
                Golden.of(
                        "c4e2435edd",
                        "tdpbssd tmm3, tmm5, tmm7",
                        a -> a.tdpbssd(new Tile(3), new Tile(5), new Tile(7))),
                Golden.of(
                        "c4e24a5ec4",
                        "tdpbsud tmm0, tmm4, tmm6",
                        a -> a.tdpbsud(new Tile(0), new Tile(4), new Tile(6))),
                Golden.of(
                        "c4e2625eca",
                        "tdpbsud tmm1, tmm2, tmm3",
                        a -> a.tdpbsud(new Tile(1), new Tile(2), new Tile(3))),
                Golden.of("c5f892c8", "kmovw k1, eax", a -> a.kmovw(new Mask(1), RAX)),
                Golden.of("c4c17892f9", "kmovw k7, r9d", a -> a.kmovw(new Mask(7), R9)),
                Golden.of("c5fb92d2", "kmovd k2, edx", a -> a.kmovd(new Mask(2), RDX)),
                Golden.of("c4c17b92da", "kmovd k3, r10d", a -> a.kmovd(new Mask(3), R10)),
                Golden.of("62f17c481000", "vmovups zmm0, [rax]", a -> a.vmovups(new Zmm(0), Mask.ALL, at(RAX, 0))),
                Golden.of(
                        "62417c48107f01",
                        "vmovups zmm31, [r15+64]",
                        a -> a.vmovups(new Zmm(31), Mask.ALL, at(R15, 64))),
                Golden.of(
                        "62717cc9104e7f",
                        "vmovups zmm9{k1}{z}, [rsi+8128]",
                        a -> a.vmovups(new Zmm(9), new Mask(1), at(RSI, 8128))),
                Golden.of(
                        "62e17cca108e64000000",
                        "vmovups zmm17{k2}{z}, [rsi+100]",
                        a -> a.vmovups(new Zmm(17), new Mask(2), at(RSI, 100))),
                Golden.of(
                        "62a17cca104c0e80",
                        "vmovups zmm17{k2}{z}, [rsi+r9-8192]",
                        a -> a.vmovups(new Zmm(17), new Mask(2), at(RSI, R9, -8192))),
                Golden.of(
                        "62f17c48108e00200000",
                        "vmovups zmm1, [rsi+8192]",
                        a -> a.vmovups(new Zmm(1), Mask.ALL, at(RSI, 8192))),
                Golden.of("62717c481102", "vmovups [rdx], zmm8", a -> a.vmovups(at(RDX, 0), Mask.ALL, new Zmm(8))),
                Golden.of(
                        "62417c4a114500",
                        "vmovups [r13+0]{k2}, zmm24",
                        a -> a.vmovups(at(R13, 0), new Mask(2), new Zmm(24))),
                Golden.of(
                        "62717c4f117c0a01",
                        "vmovups [rdx+rcx+64]{k7}, zmm15",
                        a -> a.vmovups(at(RDX, RCX, 64), new Mask(7), new Zmm(15))),
                Golden.of(
                        "62627d4818700f",
                        "vbroadcastss zmm30, dword ptr [rax+60]",
                        a -> a.vbroadcastss(new Zmm(30), at(RAX, 60))),
                Golden.of(
                        "62d27d48185c247f",
                        "vbroadcastss zmm3, dword ptr [r12+508]",
                        a -> a.vbroadcastss(new Zmm(3), at(R12, 508))),
                Golden.of(
                        "62d27d48189c2400020000",
                        "vbroadcastss zmm3, dword ptr [r12+512]",
                        a -> a.vbroadcastss(new Zmm(3), at(R12, 512))),
                Golden.of("62f15548efed", "vpxord zmm5, zmm5, zmm5", a -> a.vpxord(new Zmm(5), new Zmm(5), new Zmm(5))),
                Golden.of(
                        "62012540efdb",
                        "vpxord zmm27, zmm27, zmm27",
                        a -> a.vpxord(new Zmm(27), new Zmm(27), new Zmm(27))),
                Golden.of(
                        "62d15c405ce4",
                        "vsubps zmm4, zmm20, zmm12",
                        a -> a.vsubps(new Zmm(4), new Zmm(20), new Zmm(12))),
                Golden.of(
                        "62921e4052c6",
                        "vdpbf16ps zmm0, zmm28, zmm30",
                        a -> a.vdpbf16ps(new Zmm(0), new Zmm(28), new Zmm(30))),
                Golden.of(
                        "6262364852db",
                        "vdpbf16ps zmm27, zmm9, zmm3",
                        a -> a.vdpbf16ps(new Zmm(27), new Zmm(9), new Zmm(3))),
                Golden.of(
                        "62f2774872d0",
                        "vcvtne2ps2bf16 zmm2, zmm1, zmm0",
                        a -> a.vcvtne2ps2bf16(new Zmm(2), new Zmm(1), new Zmm(0))),
                Golden.of(
                        "62823f4872c0",
                        "vcvtne2ps2bf16 zmm16, zmm8, zmm24",
                        a -> a.vcvtne2ps2bf16(new Zmm(16), new Zmm(8), new Zmm(24))),
                Golden.of("62b27e4872f1", "vcvtneps2bf16 ymm6, zmm17", a -> a.vcvtneps2bf16(new Zmm(6), new Zmm(17))),
                Golden.of("62f27d4833fe", "vpmovzxwd zmm7, ymm6", a -> a.vpmovzxwd(new Zmm(7), new Zmm(6))),
                Golden.of(
                        "62d27d48335c2f01",
                        "vpmovzxwd zmm3, [r15+rbp+32]",
                        a -> a.vpmovzxwd(new Zmm(3), at(R15, RBP, 32))),
                Golden.of("62f1654072f710", "vpslld zmm19, zmm7, 16", a -> a.vpslld(new Zmm(19), new Zmm(7), 16)),
                Golden.of(
                        "62f285408ddc", "vpermw zmm3, zmm31, zmm4", a -> a.vpermw(new Zmm(3), new Zmm(31), new Zmm(4))),
                Golden.of(
                        "62f15d40ef9e60000000",
                        "vpxord zmm3, zmm20, [rsi+96]",
                        a -> a.vpxord(new Zmm(3), new Zmm(20), at(RSI, 96))),
                Golden.of(
                        "62816d48ef4c0c02",
                        "vpxord zmm17, zmm2, [r12+r9+128]",
                        a -> a.vpxord(new Zmm(17), new Zmm(2), at(R12, R9, 128))),
                Golden.of(
                        "62915540dbee",
                        "vpandd zmm5, zmm21, zmm30",
                        a -> a.vpandd(new Zmm(5), new Zmm(21), new Zmm(30))),
                Golden.of(
                        "62714548db6001",
                        "vpandd zmm12, zmm7, [rax+64]",
                        a -> a.vpandd(new Zmm(12), new Zmm(7), at(RAX, 64))),
                Golden.of(
                        "62f1344059f1", "vmulps zmm6, zmm25, zmm1", a -> a.vmulps(new Zmm(6), new Zmm(25), new Zmm(1))),
                Golden.of(
                        "62613458596060",
                        "vmulps zmm28, zmm9, dword ptr [rax+384]{1to16}",
                        a -> a.vmulpsBroadcast(new Zmm(28), new Zmm(9), at(RAX, 384))),
                Golden.of(
                        "62d16c405ee3",
                        "vdivps zmm4, zmm18, zmm11",
                        a -> a.vdivps(new Zmm(4), new Zmm(18), new Zmm(11))),
                Golden.of(
                        "621164485fd5",
                        "vmaxps zmm10, zmm3, zmm29",
                        a -> a.vmaxps(new Zmm(10), new Zmm(3), new Zmm(29))),
                Golden.of(
                        "62921548b8c3",
                        "vfmadd231ps zmm0, zmm13, zmm27",
                        a -> a.vfmadd231ps(new Zmm(0), new Zmm(13), new Zmm(27))),
                Golden.of(
                        "62c15548fef0", "vpaddd zmm22, zmm5, zmm8", a -> a.vpaddd(new Zmm(22), new Zmm(5), new Zmm(8))),
                Golden.of(
                        "62d10540face",
                        "vpsubd zmm1, zmm31, zmm14",
                        a -> a.vpsubd(new Zmm(1), new Zmm(31), new Zmm(14))),
                Golden.of(
                        "62a24d483ddf",
                        "vpmaxsd zmm19, zmm6, zmm23",
                        a -> a.vpmaxsd(new Zmm(19), new Zmm(6), new Zmm(23))),
                Golden.of(
                        "62d37d4003d104",
                        "valignd zmm2, zmm16, zmm9, 4",
                        a -> a.valignd(new Zmm(2), new Zmm(16), new Zmm(9), 4)),
                Golden.of("62417c485bc7", "vcvtdq2ps zmm24, zmm15", a -> a.vcvtdq2ps(new Zmm(24), new Zmm(15))),
                Golden.of("62917d485bfa", "vcvtps2dq zmm7, zmm26", a -> a.vcvtps2dq(new Zmm(7), new Zmm(26))),
                Golden.of("62727d48134601", "vcvtph2ps zmm8, [rsi+32]", a -> a.vcvtph2ps(new Zmm(8), at(RSI, 32))),
                Golden.of(
                        "62427d4813757f", "vcvtph2ps zmm30, [r13+4064]", a -> a.vcvtph2ps(new Zmm(30), at(R13, 4064))),
                Golden.of("62f27e48215e01", "vpmovsdb [rsi+16], zmm3", a -> a.vpmovsdb(at(RSI, 16), new Zmm(3))),
                Golden.of("62c27e48219308000000", "vpmovsdb [r11+8], zmm18", a -> a.vpmovsdb(at(R11, 8), new Zmm(18))),
                Golden.of(
                        "62f23d5050507f",
                        "vpdpbusd zmm2, zmm24, dword ptr [rax+508]{1to16}",
                        a -> a.vpdpbusdBroadcast(new Zmm(2), new Zmm(24), at(RAX, 508))),
                Golden.of(
                        "62c22d5850a800020000",
                        "vpdpbusd zmm21, zmm10, dword ptr [r8+512]{1to16}",
                        a -> a.vpdpbusdBroadcast(new Zmm(21), new Zmm(10), at(R8, 512))),
                Golden.of("418b38", "mov edi, [r8]", a -> a.mov32(RDI, at(R8, 0))),
                Golden.of("448b4c080c", "mov r9d, [rax+rcx+12]", a -> a.mov32(R9, at(RAX, RCX, 12))),
                Golden.of("410f185640", "prefetcht1 [r14+64]", a -> a.prefetcht1(at(R14, 64))),
                Golden.of("0f1810", "prefetcht1 [rax]", a -> a.prefetcht1(at(RAX, 0))),
                Golden.of(
                        "62e104405dca",
                        "vminps zmm17, zmm31, zmm2",
                        a -> a.vminps(new Zmm(17), new Zmm(31), new Zmm(2))),
                Golden.of("62317c4851cc", "vsqrtps zmm9, zmm20", a -> a.vsqrtps(new Zmm(9), new Zmm(20))),
                Golden.of("62e27d484cd3", "vrcp14ps zmm18, zmm3", a -> a.vrcp14ps(new Zmm(18), new Zmm(3))),
                Golden.of(
                        "62937d4808e508",
                        "vrndscaleps zmm4, zmm29, 8",
                        a -> a.vrndscalepsNearest(new Zmm(4), new Zmm(29))),
                Golden.of(
                        "62824d48acee",
                        "vfnmadd213ps zmm21, zmm6, zmm30",
                        a -> a.vfnmadd213ps(new Zmm(21), new Zmm(6), new Zmm(30))),
                Golden.of(
                        "62917440c2de1e",
                        "vcmpps k3, zmm17, zmm30, 0x1e",
                        a -> a.vcmpps(new Mask(3), new Zmm(17), new Zmm(30), Comparison.GREATER)),
                Golden.of(
                        "62f17448c2e203",
                        "vcmpps k4, zmm1, zmm2, 3",
                        a -> a.vcmpps(new Mask(4), new Zmm(1), new Zmm(2), Comparison.UNORDERED)),
                Golden.of(
                        "62826d4b65c7",
                        "vblendmps zmm16{k3}, zmm2, zmm31",
                        a -> a.vblendmps(new Zmm(16), new Mask(3), new Zmm(2), new Zmm(31))),
                Golden.of("0f184d40", "prefetcht0 [rbp+64]", a -> a.prefetcht0(at(RBP, 64))),
                Golden.of("430f184c1840", "prefetcht0 [r8+r11+64]", a -> a.prefetcht0(at(R8, R11, 64))),
                Golden.of("410f184d00", "prefetcht0 [r13]", a -> a.prefetcht0(at(R13, 0))),
                Golden.of("c4c178101c11", "vmovups xmm3, [r9+rdx]", a -> a.vmovups128(new Zmm(3), at(R9, RDX, 0))),
                Golden.of("c578107010", "vmovups xmm14, [rax+16]", a -> a.vmovups128(new Zmm(14), at(RAX, 16))),
                Golden.of(
                        "62d37548180c3202",
                        "vinsertf32x4 zmm1, zmm1, [r10+rsi], 2",
                        a -> a.vinsertf32x4(new Zmm(1), new Zmm(1), at(R10, RSI, 0), 2)),
                Golden.of(
                        "62c3454818580203",
                        "vinsertf32x4 zmm19, zmm7, [r8+32], 3",
                        a -> a.vinsertf32x4(new Zmm(19), new Zmm(7), at(R8, 32), 3)),
                Golden.of(
                        "62f17c4814e1",
                        "vunpcklps zmm4, zmm0, zmm1",
                        a -> a.vunpcklps(new Zmm(4), new Zmm(0), new Zmm(1))),
                Golden.of(
                        "62e16c4015eb",
                        "vunpckhps zmm21, zmm18, zmm3",
                        a -> a.vunpckhps(new Zmm(21), new Zmm(18), new Zmm(3))),
                Golden.of(
                        "6231dd4814c6",
                        "vunpcklpd zmm8, zmm4, zmm22",
                        a -> a.vunpcklpd(new Zmm(8), new Zmm(4), new Zmm(22))),
                Golden.of(
                        "62718d4815ce",
                        "vunpckhpd zmm9, zmm14, zmm6",
                        a -> a.vunpckhpd(new Zmm(9), new Zmm(14), new Zmm(6))),
                Golden.of(
                        "6201244058dc",
                        "vaddps zmm27, zmm27, zmm28",
                        a -> a.vaddps(new Zmm(27), new Zmm(27), new Zmm(28))),
                Golden.of("62f1654072d704", "vpsrld zmm19, zmm7, 4", a -> a.vpsrld(new Zmm(19), new Zmm(7), 4)),
                Golden.of("c5f8900a", "kmovw k1, word ptr [rdx]", a -> a.kmovw(new Mask(1), at(RDX, 0))),
                Golden.of("c5f8904a02", "kmovw k1, word ptr [rdx+2]", a -> a.kmovw(new Mask(1), at(RDX, 2))),
                Golden.of("c4c178905c2404", "kmovw k3, word ptr [r12+4]", a -> a.kmovw(new Mask(3), at(R12, 4))),
                Golden.of("c5f844c9", "knotw k1, k1", a -> a.knotw(new Mask(1), new Mask(1))),
                Golden.of("c5f844d7", "knotw k2, k7", a -> a.knotw(new Mask(2), new Mask(7))),
                Golden.of(
                        "62f11440591b",
                        "vmulps zmm3, zmm29, [rbx]",
                        a -> a.vmulps(new Zmm(3), new Zmm(29), at(RBX, 0))),
                Golden.of(
                        "62e10440597b43",
                        "vmulps zmm23, zmm31, [rbx+4288]",
                        a -> a.vmulps(new Zmm(23), new Zmm(31), at(RBX, 4288))),
                Golden.of(
                        "62922541b8d0",
                        "vfmadd231ps zmm2{k1}, zmm27, zmm24",
                        a -> a.vfmadd231ps(new Zmm(2), new Mask(1), new Zmm(27), new Zmm(24))),
                Golden.of(
                        "62821d47b8fa",
                        "vfmadd231ps zmm23{k7}, zmm28, zmm26",
                        a -> a.vfmadd231ps(new Zmm(23), new Mask(7), new Zmm(28), new Zmm(26))),
                Golden.of(
                        "62f23d50b800",
                        "vfmadd231ps zmm0, zmm24, [rax]{1to16}",
                        a -> a.vfmadd231psBroadcast(new Zmm(0), new Zmm(24), at(RAX, 0))),
                Golden.of(
                        "62f23d50b8787f",
                        "vfmadd231ps zmm7, zmm24, [rax+508]{1to16}",
                        a -> a.vfmadd231psBroadcast(new Zmm(7), new Zmm(24), at(RAX, 508))),
                Golden.of(
                        "62f23d50b8b800020000",
                        "vfmadd231ps zmm7, zmm24, [rax+512]{1to16}",
                        a -> a.vfmadd231psBroadcast(new Zmm(7), new Zmm(24), at(RAX, 512))),
                Golden.of(
                        "62e20548a8d0",
                        "vfmadd213ps zmm18, zmm15, zmm0",
                        a -> a.vfmadd213ps(new Zmm(18), new Zmm(15), new Zmm(0))),
                Golden.of(
                        "62c21540a8e3",
                        "vfmadd213ps zmm20, zmm29, zmm11",
                        a -> a.vfmadd213ps(new Zmm(20), new Zmm(29), new Zmm(11))),
                Golden.of(
                        "62537d4856fc08",
                        "vreduceps zmm15, zmm12, 8",
                        a -> a.vreducepsNearest(new Zmm(15), new Zmm(12))),
                Golden.of(
                        "62237d4856fc08",
                        "vreduceps zmm31, zmm20, 8",
                        a -> a.vreducepsNearest(new Zmm(31), new Zmm(20))),
                Golden.of(
                        "62537d4856fc09", "vreduceps zmm15, zmm12, 9", a -> a.vreducepsDown(new Zmm(15), new Zmm(12))),
                Golden.of(
                        "62237d4856fc09", "vreduceps zmm31, zmm20, 9", a -> a.vreducepsDown(new Zmm(31), new Zmm(20))),
                Golden.of(
                        "62426d402cec",
                        "vscalefps zmm29, zmm18, zmm12",
                        a -> a.vscalefps(new Zmm(29), new Zmm(18), new Zmm(12))),
                Golden.of(
                        "62f26d482ccb",
                        "vscalefps zmm1, zmm2, zmm3",
                        a -> a.vscalefps(new Zmm(1), new Zmm(2), new Zmm(3))),
                Golden.of(
                        "62e37d4823c444",
                        "vshuff32x4 zmm16, zmm0, zmm4, 0x44",
                        a -> a.vshuff32x4(new Zmm(16), new Zmm(0), new Zmm(4), 0x44)),
                Golden.of(
                        "62131d4023e7dd",
                        "vshuff32x4 zmm12, zmm28, zmm31, 0xdd",
                        a -> a.vshuff32x4(new Zmm(12), new Zmm(28), new Zmm(31), 0xDD)));
    }

    @ParameterizedTest
    @MethodSource("instructions")
    void instructionsAreThoseOfAnotherAssembler(Golden golden) {
        golden.check();
    }

    /** Of {@code call a; ret; a: ret}. */
    @Test
    void callsGoForward() {
        Assembler a = new Assembler();
        Label function = a.label();
        a.call(function);
        a.ret();
        a.bind(function);
        a.ret();
        assertThat(HexFormat.of().formatHex(a.code())).isEqualTo("e801000000c3c3");
    }

    /** Of {@code mov rcx, 3; jmp b; a: add rax, rcx; b: sub rcx, 1; jnz a; test rax, rax; jz c; ret; c: ret}. */
    @Test
    void jumpsGoForwardAndBack() {
        Assembler a = new Assembler();
        a.mov(RCX, 3);
        Label b = a.label();
        a.jmp(b);
        Label loop = a.here();
        a.add(RAX, RCX);
        a.bind(b);
        a.sub(RCX, 1);
        a.jnz(loop);
        a.test(RAX, RAX);
        Label end = a.label();
        a.jz(end);
        a.ret();
        a.bind(end);
        a.ret();
        assertThat(HexFormat.of().formatHex(a.code()))
                .isEqualTo("48c7c103000000e9030000004801c84883e9010f85f3ffffff4885c00f8401000000c3c3");
    }

    @Test
    void whatHasNoEncodingIsRefused() {
        Assembler a = new Assembler();
        Label label = a.here();
        assertThatThrownBy(() -> a.bind(label)).hasMessage("A label is bound twice; make another one.");
        a.jmp(a.label());
        assertThatThrownBy(a::code).hasMessage("A jump goes to a label that is not bound; bind it before the end.");
        assertThatThrownBy(() -> new Zmm(32)).hasMessage("The register zmm32, expected zmm0 to zmm31.");
        assertThatThrownBy(() -> new Ymm(16)).hasMessage("The register ymm16, expected ymm0 to ymm15.");
        assertThatThrownBy(() -> new Tile(8)).hasMessage("The register tmm8, expected tmm0 to tmm7.");
        assertThatThrownBy(() -> new Mask(-1)).hasMessage("The register k-1, expected k0 to k7.");
        assertThatThrownBy(() -> at(RAX, RSP, 0))
                .hasMessage("RSP as an index, expected any other register; use it as the base.");
    }
}
