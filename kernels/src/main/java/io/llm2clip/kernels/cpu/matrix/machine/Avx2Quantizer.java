package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBP;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Avx2;
import io.llm2clip.kernels.cpu.machine.Ymm;

/**
 * Quantizes a block in four vectors of 256 bits; otherwise as {@link Avx512Quantizer}.
 *
 * @param format of the weights
 */
record Avx2Quantizer(DType format) implements QuantizeProgram.Quantizer {
    /** Bytes of a vector. */
    private static final int VECTOR = 32;
    /** Exchanges pairs of lanes in each half, and lanes in each pair. */
    private static final int PAIRS = 0b01_00_11_10;

    private static final int NEIGHBORS = 0b10_11_00_01;
    private static final Ymm[] X = {new Ymm(0), new Ymm(1), new Ymm(2), new Ymm(3)};
    private static final Ymm GREATEST = new Ymm(4);
    private static final Ymm OTHER = new Ymm(5);
    private static final Ymm SUM = new Ymm(6);
    private static final Ymm MAGNITUDE = new Ymm(8);
    private static final Ymm LEAST = new Ymm(9);
    private static final Ymm LIMIT = new Ymm(10);
    private static final Ymm INVERSE = new Ymm(11);
    private static final Ymm ZERO = new Ymm(12);
    private static final Ymm ORDER = new Ymm(13);

    /** Combines two vectors in the first. */
    private interface Combination {
        void combine(Ymm to, Ymm a, Ymm b);
    }

    @Override
    public void enter(Assembler assembler) {
        Avx2 a = assembler.avx2();
        a.vbroadcastss(MAGNITUDE, at(RDI, QuantizeCall.MAGNITUDE));
        a.vbroadcastss(LEAST, at(RDI, QuantizeCall.LEAST));
        a.vbroadcastss(LIMIT, at(RDI, QuantizeCall.GREATEST));
        a.vbroadcastss(INVERSE, at(RDI, QuantizeCall.INVERSE_OF_GREATEST));
        a.vpxor(ZERO, ZERO, ZERO);
        a.vmovups(ORDER, at(RDI, QuantizeCall.ORDER));
    }

    @Override
    public void block(Assembler assembler) {
        Avx2 a = assembler.avx2();
        a.vpand(GREATEST, MAGNITUDE, at(RAX, 0));
        for (int i = 1; i < X.length; i++) {
            a.vpand(OTHER, MAGNITUDE, at(RAX, i * VECTOR));
            a.vpmaxsd(GREATEST, GREATEST, OTHER);
        }
        allLanes(a, GREATEST, a::vpmaxsd);
        // Of two operands of which one is NaN the second is taken.
        a.vmaxps(GREATEST, LEAST, GREATEST);
        a.vdivps(OTHER, LIMIT, GREATEST);
        a.vmulps(GREATEST, GREATEST, INVERSE);
        a.vmovss(at(RBP, 0), GREATEST);
        for (int i = 0; i < X.length; i++) {
            a.vmovups(X[i], at(RAX, i * VECTOR));
            a.vmulps(X[i], X[i], OTHER);
            a.vcvtps2dq(X[i], X[i]);
        }
        a.vpaddd(SUM, X[0], X[1]);
        a.vpaddd(SUM, SUM, X[2]);
        a.vpaddd(SUM, SUM, X[3]);
        allLanes(a, SUM, a::vpaddd);
        if (format.hasMinimum()) {
            a.vcvtdq2ps(SUM, SUM);
            a.vmulps(SUM, SUM, GREATEST);
        } else {
            a.vpslld(SUM, SUM, ByteKernels.offsetBits(format));
            a.vpsubd(SUM, ZERO, SUM);
        }
        a.vmovss(at(RBP, RCX, 0), SUM);
        a.vpackssdw(X[0], X[0], X[1]);
        a.vpackssdw(X[2], X[2], X[3]);
        a.vpacksswb(X[0], X[0], X[2]);
        a.vpermd(X[0], ORDER, X[0]);
        a.vmovups(at(RSI, 0), X[0]);
    }

    /** Combines all lanes, in each. */
    private static void allLanes(Avx2 a, Ymm lanes, Combination combination) {
        a.vperm2i128(OTHER, lanes, lanes, 1);
        combination.combine(lanes, lanes, OTHER);
        a.vpshufd(OTHER, lanes, PAIRS);
        combination.combine(lanes, lanes, OTHER);
        a.vpshufd(OTHER, lanes, NEIGHBORS);
        combination.combine(lanes, lanes, OTHER);
    }
}
