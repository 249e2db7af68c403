package io.llm2clip.kernels.cpu.matrix.f32;

import static io.llm2clip.kernels.cpu.machine.Address.at;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Avx2;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Ymm;

/** Vectors of AVX2. Masks stay in memory until they are used, as there are few registers. */
final class Lanes256 extends Lanes {
    /** Changed by masked loads and stores, so it must not hold anything then. */
    static final int MASK = 15;

    private final Avx2 avx2;
    private Gpr call = Gpr.RDI;
    private int masks;

    Lanes256(Assembler a) {
        super(a, 8);
        avx2 = a.avx2();
    }

    @Override
    void masks(Gpr base, int offset) {
        call = base;
        masks = offset;
    }

    private Ymm mask(int vector) {
        Ymm mask = new Ymm(MASK);
        avx2.vmovups(mask, at(call, masks + vector * bytes));
        return mask;
    }

    @Override
    void load(int to, Address from) {
        avx2.vmovups(new Ymm(to), from);
    }

    @Override
    void load(int to, int vector, Address from) {
        avx2.vmaskmovps(new Ymm(to), mask(vector), from);
    }

    @Override
    void store(Address to, int from) {
        avx2.vmovups(to, new Ymm(from));
    }

    @Override
    void store(Address to, int vector, int from) {
        avx2.vmaskmovps(to, mask(vector), new Ymm(from));
    }

    @Override
    void broadcast(int to, Address from) {
        avx2.vbroadcastss(new Ymm(to), from);
    }

    @Override
    void clear(int to) {
        avx2.vpxor(new Ymm(to), new Ymm(to), new Ymm(to));
    }

    @Override
    void multiplyAdd(int sum, int x, int y) {
        avx2.vfmadd231ps(new Ymm(sum), new Ymm(x), new Ymm(y));
    }

    @Override
    void add(int to, int x, int y) {
        avx2.vaddps(new Ymm(to), new Ymm(x), new Ymm(y));
    }

    @Override
    void loadBf16(int to, Address from) {
        avx2.vpmovzxwd(new Ymm(to), from);
        widen(to, to, false);
    }

    @Override
    void widen(int to, int from, boolean upper) {
        if (upper) {
            avx2.vpsrld(new Ymm(to), new Ymm(from), Short.SIZE);
            widen(to, to, false);
        } else {
            avx2.vpslld(new Ymm(to), new Ymm(from), Short.SIZE);
        }
    }

    @Override
    void loadFour(int to, Address from) {
        avx2.vmovups128(new Ymm(to), from);
    }

    @Override
    void insertFour(int to, int quarter, Address from) {
        avx2.vinsertf128(new Ymm(to), new Ymm(to), from, quarter);
    }

    @Override
    void unpack(int to, int x, int y, boolean upper) {
        if (upper) {
            avx2.vunpckhps(new Ymm(to), new Ymm(x), new Ymm(y));
        } else {
            avx2.vunpcklps(new Ymm(to), new Ymm(x), new Ymm(y));
        }
    }

    @Override
    void unpackPairs(int to, int x, int y, boolean upper) {
        if (upper) {
            avx2.vunpckhpd(new Ymm(to), new Ymm(x), new Ymm(y));
        } else {
            avx2.vunpcklpd(new Ymm(to), new Ymm(x), new Ymm(y));
        }
    }
}
