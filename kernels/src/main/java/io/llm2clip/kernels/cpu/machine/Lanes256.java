package io.llm2clip.kernels.cpu.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;

/** Vectors of AVX2. Masks stay in memory until they are used, as there are few registers. */
final class Lanes256 extends Lanes {
    /** Changed by what takes a vector's mask, so it must not hold anything then. */
    static final int MASK = 15;

    private final Avx2 avx2;
    private Gpr call = Gpr.RDI;
    private int masks;

    Lanes256(Assembler a) {
        super(a, VectorWidth.AVX2);
        avx2 = a.avx2();
    }

    @Override
    public void mask(Gpr base, int offset) {
        masks(base, offset);
    }

    @Override
    public void masks(Gpr base, int offset) {
        call = base;
        masks = offset;
    }

    private Ymm mask(int vector) {
        Ymm mask = new Ymm(MASK);
        avx2.vmovups(mask, at(call, masks + vector * bytes()));
        return mask;
    }

    @Override
    public void load(int to, Address from) {
        avx2.vmovups(new Ymm(to), from);
    }

    @Override
    public void load(int to, int vector, Address from) {
        avx2.vmaskmovps(new Ymm(to), mask(vector), from);
    }

    @Override
    public void store(Address to, int from) {
        avx2.vmovups(to, new Ymm(from));
    }

    @Override
    public void store(Address to, int vector, int from) {
        avx2.vmaskmovps(to, mask(vector), new Ymm(from));
    }

    @Override
    public void broadcast(int to, Address from) {
        avx2.vbroadcastss(new Ymm(to), from);
    }

    @Override
    public void clear(int to) {
        avx2.vpxor(new Ymm(to), new Ymm(to), new Ymm(to));
    }

    @Override
    public void multiplyAdd(int sum, int x, int y) {
        avx2.vfmadd231ps(new Ymm(sum), new Ymm(x), new Ymm(y));
    }

    @Override
    public void addSquares(int sums, int vector, int x) {
        Ymm masked = new Ymm(MASK);
        avx2.vpand(masked, new Ymm(x), at(call, masks + vector * bytes()));
        avx2.vfmadd231ps(new Ymm(sums), masked, masked);
    }

    @Override
    public void multiplyAdd(int sum, int x, Address y, int temporary) {
        broadcast(temporary, y);
        multiplyAdd(sum, x, temporary);
    }

    @Override
    public void multiplyThenAdd(int to, int x, int y) {
        avx2.vfmadd213ps(new Ymm(to), new Ymm(x), new Ymm(y));
    }

    @Override
    public void add(int to, int x, int y) {
        avx2.vaddps(new Ymm(to), new Ymm(x), new Ymm(y));
    }

    @Override
    public void addAcross(int x, int temporary) {
        avx2.vperm2i128(new Ymm(temporary), new Ymm(x), new Ymm(x), 1);
        add(x, x, temporary);
        for (int exchanged : new int[] {0b01_00_11_10, 0b10_11_00_01}) {
            avx2.vpshufd(new Ymm(temporary), new Ymm(x), exchanged);
            add(x, x, temporary);
        }
    }

    @Override
    public void subtract(int to, int x, int y) {
        avx2.vsubps(new Ymm(to), new Ymm(x), new Ymm(y));
    }

    @Override
    public void multiply(int to, int x, int y) {
        avx2.vmulps(new Ymm(to), new Ymm(x), new Ymm(y));
    }

    @Override
    public void multiply(int to, int x, Address y) {
        avx2.vmulps(new Ymm(to), new Ymm(x), y);
    }

    @Override
    public void divide(int to, int x, int y) {
        avx2.vdivps(new Ymm(to), new Ymm(x), new Ymm(y));
    }

    @Override
    public void maximum(int to, int x, int y) {
        avx2.vmaxps(new Ymm(to), new Ymm(x), new Ymm(y));
    }

    @Override
    public void minimum(int to, int x, int y) {
        avx2.vminps(new Ymm(to), new Ymm(x), new Ymm(y));
    }

    @Override
    public void squareRoot(int to, int from) {
        avx2.vsqrtps(new Ymm(to), new Ymm(from));
    }

    @Override
    public void and(int to, int x, int y) {
        avx2.vpand(new Ymm(to), new Ymm(x), new Ymm(y));
    }

    @Override
    public void xor(int to, int x, int y) {
        avx2.vpxor(new Ymm(to), new Ymm(x), new Ymm(y));
    }

    @Override
    public void addIntegers(int to, int x, int y) {
        avx2.vpaddd(new Ymm(to), new Ymm(x), new Ymm(y));
    }

    @Override
    public void shiftLeft(int to, int from, int bits) {
        avx2.vpslld(new Ymm(to), new Ymm(from), bits);
    }

    @Override
    public void choose(int to, int otherwise, int then, int x, int y, Comparison comparison, int temporary) {
        avx2.vcmpps(new Ymm(temporary), new Ymm(x), new Ymm(y), comparison);
        avx2.vblendvps(new Ymm(to), new Ymm(otherwise), new Ymm(then), new Ymm(temporary));
    }

    @Override
    public void loadBf16(int to, Address from) {
        avx2.vpmovzxwd(new Ymm(to), from);
        widen(to, to, false);
    }

    @Override
    public void widen(int to, int from, boolean upper) {
        if (upper) {
            avx2.vpsrld(new Ymm(to), new Ymm(from), Short.SIZE);
            widen(to, to, false);
        } else {
            avx2.vpslld(new Ymm(to), new Ymm(from), Short.SIZE);
        }
    }

    @Override
    public void loadFour(int to, Address from) {
        avx2.vmovups128(new Ymm(to), from);
    }

    @Override
    public void insertFour(int to, int quarter, Address from) {
        avx2.vinsertf128(new Ymm(to), new Ymm(to), from, quarter);
    }

    @Override
    public void unpack(int to, int x, int y, boolean upper) {
        if (upper) {
            avx2.vunpckhps(new Ymm(to), new Ymm(x), new Ymm(y));
        } else {
            avx2.vunpcklps(new Ymm(to), new Ymm(x), new Ymm(y));
        }
    }

    @Override
    public void unpackPairs(int to, int x, int y, boolean upper) {
        if (upper) {
            avx2.vunpckhpd(new Ymm(to), new Ymm(x), new Ymm(y));
        } else {
            avx2.vunpcklpd(new Ymm(to), new Ymm(x), new Ymm(y));
        }
    }

    @Override
    public void transpose() {
        SquareTransposition.append(this, avx2);
    }
}
