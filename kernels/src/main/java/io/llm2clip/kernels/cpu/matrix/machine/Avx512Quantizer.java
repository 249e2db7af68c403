package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBP;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;

/**
 * Quantizes a block in two vectors of 512 bits. Magnitudes are compared as integers, in whose order NaN comes last. What is added to a
 * block's dot products takes away what weights have more as unsigned numbers. Where weights have minima, the block's sum takes its place.
 *
 * @param format of the weights
 */
record Avx512Quantizer(DType format) implements QuantizeProgram.Quantizer {
    private static final Zmm X = new Zmm(0);
    private static final Zmm Y = new Zmm(1);
    private static final Zmm GREATEST = new Zmm(2);
    private static final Zmm OTHER = new Zmm(3);
    private static final Zmm MAGNITUDE = new Zmm(16);
    private static final Zmm LEAST = new Zmm(17);
    private static final Zmm LIMIT = new Zmm(18);
    private static final Zmm INVERSE = new Zmm(19);
    private static final Zmm ZERO = new Zmm(20);
    private static final Mask FIRST = new Mask(1);

    @Override
    public void enter(Assembler a) {
        a.mov(RAX, 1);
        a.kmovw(FIRST, RAX);
        a.vbroadcastss(MAGNITUDE, at(RDI, QuantizeCall.MAGNITUDE));
        a.vbroadcastss(LEAST, at(RDI, QuantizeCall.LEAST));
        a.vbroadcastss(LIMIT, at(RDI, QuantizeCall.GREATEST));
        a.vbroadcastss(INVERSE, at(RDI, QuantizeCall.INVERSE_OF_GREATEST));
        a.vpxord(ZERO, ZERO, ZERO);
    }

    @Override
    public void block(Assembler a) {
        a.vmovups(X, Mask.ALL, at(RAX, 0));
        a.vmovups(Y, Mask.ALL, at(RAX, Tiles.ROW));
        a.vpandd(GREATEST, MAGNITUDE, X);
        a.vpandd(OTHER, MAGNITUDE, Y);
        a.vpmaxsd(GREATEST, GREATEST, OTHER);
        for (int lanes = Tiles.LANES / 2; lanes > 0; lanes /= 2) {
            a.valignd(OTHER, GREATEST, GREATEST, lanes);
            a.vpmaxsd(GREATEST, GREATEST, OTHER);
        }
        // Of two operands of which one is NaN the second is taken.
        a.vmaxps(GREATEST, LEAST, GREATEST);
        a.vdivps(OTHER, LIMIT, GREATEST);
        a.vmulps(GREATEST, GREATEST, INVERSE);
        a.vmovups(at(RBP, 0), FIRST, GREATEST);
        a.vmulps(X, X, OTHER);
        a.vmulps(Y, Y, OTHER);
        a.vcvtps2dq(X, X);
        a.vcvtps2dq(Y, Y);
        a.vpmovsdb(at(RSI, 0), X);
        a.vpmovsdb(at(RSI, Tiles.LANES), Y);
        a.vpaddd(X, X, Y);
        for (int lanes = Tiles.LANES / 2; lanes > 0; lanes /= 2) {
            a.valignd(Y, X, X, lanes);
            a.vpaddd(X, X, Y);
        }
        if (format.hasMinimum()) {
            a.vcvtdq2ps(X, X);
            a.vmulps(X, X, GREATEST);
        } else {
            a.vpslld(X, X, ByteKernels.offsetBits(format));
            a.vpsubd(X, ZERO, X);
        }
        a.vmovups(at(RBP, RCX, 0), FIRST, X);
    }
}
