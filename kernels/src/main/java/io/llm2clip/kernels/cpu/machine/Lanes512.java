package io.llm2clip.kernels.cpu.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;

/** Vectors of AVX-512. */
public final class Lanes512 extends Lanes {
    private static final Mask[] COLUMNS = {new Mask(1), new Mask(2)};
    private static final Mask CHOSEN = new Mask(3);

    /** Of a program. */
    public Lanes512(Assembler a) {
        super(a, VectorWidth.AVX512);
    }

    @Override
    public void mask(Gpr call, int offset) {
        a.kmovw(COLUMNS[0], at(call, offset));
    }

    @Override
    public void masks(Gpr call, int offset) {
        for (int vector = 0; vector < COLUMNS.length; vector++) {
            a.mov(Gpr.RAX, at(call, offset + vector * Long.BYTES));
            a.kmovw(COLUMNS[vector], Gpr.RAX);
        }
    }

    @Override
    public void load(int to, Address from) {
        a.vmovups(new Zmm(to), Mask.ALL, from);
    }

    @Override
    public void load(int to, int vector, Address from) {
        a.vmovups(new Zmm(to), COLUMNS[vector], from);
    }

    @Override
    public void store(Address to, int from) {
        a.vmovups(to, Mask.ALL, new Zmm(from));
    }

    @Override
    public void store(Address to, int vector, int from) {
        a.vmovups(to, COLUMNS[vector], new Zmm(from));
    }

    @Override
    public void broadcast(int to, Address from) {
        a.vbroadcastss(new Zmm(to), from);
    }

    @Override
    public void clear(int to) {
        a.vpxord(new Zmm(to), new Zmm(to), new Zmm(to));
    }

    @Override
    public void multiplyAdd(int sum, int x, int y) {
        a.vfmadd231ps(new Zmm(sum), new Zmm(x), new Zmm(y));
    }

    @Override
    public void addSquares(int sums, int vector, int x) {
        a.vfmadd231ps(new Zmm(sums), COLUMNS[vector], new Zmm(x), new Zmm(x));
    }

    @Override
    public void multiplyAdd(int sum, int x, Address y, int temporary) {
        a.vfmadd231psBroadcast(new Zmm(sum), new Zmm(x), y);
    }

    @Override
    public void multiplyThenAdd(int to, int x, int y) {
        a.vfmadd213ps(new Zmm(to), new Zmm(x), new Zmm(y));
    }

    @Override
    public void add(int to, int x, int y) {
        a.vaddps(new Zmm(to), new Zmm(x), new Zmm(y));
    }

    @Override
    public void addAcross(int x, int temporary) {
        for (int distance = count() / 2; distance > 0; distance /= 2) {
            a.valignd(new Zmm(temporary), new Zmm(x), new Zmm(x), distance);
            add(x, x, temporary);
        }
    }

    @Override
    public void subtract(int to, int x, int y) {
        a.vsubps(new Zmm(to), new Zmm(x), new Zmm(y));
    }

    @Override
    public void multiply(int to, int x, int y) {
        a.vmulps(new Zmm(to), new Zmm(x), new Zmm(y));
    }

    @Override
    public void multiply(int to, int x, Address y) {
        a.vmulps(new Zmm(to), new Zmm(x), y);
    }

    @Override
    public void divide(int to, int x, int y) {
        a.vdivps(new Zmm(to), new Zmm(x), new Zmm(y));
    }

    @Override
    public void maximum(int to, int x, int y) {
        a.vmaxps(new Zmm(to), new Zmm(x), new Zmm(y));
    }

    @Override
    public void minimum(int to, int x, int y) {
        a.vminps(new Zmm(to), new Zmm(x), new Zmm(y));
    }

    @Override
    public void squareRoot(int to, int from) {
        a.vsqrtps(new Zmm(to), new Zmm(from));
    }

    @Override
    public void and(int to, int x, int y) {
        a.vpandd(new Zmm(to), new Zmm(x), new Zmm(y));
    }

    @Override
    public void xor(int to, int x, int y) {
        a.vpxord(new Zmm(to), new Zmm(x), new Zmm(y));
    }

    @Override
    public void addIntegers(int to, int x, int y) {
        a.vpaddd(new Zmm(to), new Zmm(x), new Zmm(y));
    }

    @Override
    public void shiftLeft(int to, int from, int bits) {
        a.vpslld(new Zmm(to), new Zmm(from), bits);
    }

    @Override
    public void choose(int to, int otherwise, int then, int x, int y, Comparison comparison, int temporary) {
        a.vcmpps(CHOSEN, new Zmm(x), new Zmm(y), comparison);
        a.vblendmps(new Zmm(to), CHOSEN, new Zmm(otherwise), new Zmm(then));
    }

    @Override
    public void loadBf16(int to, Address from) {
        a.vpmovzxwd(new Zmm(to), from);
        widen(to, to, false);
    }

    @Override
    public void widen(int to, int from, boolean upper) {
        if (upper) {
            a.vpsrld(new Zmm(to), new Zmm(from), Short.SIZE);
            widen(to, to, false);
        } else {
            a.vpslld(new Zmm(to), new Zmm(from), Short.SIZE);
        }
    }

    @Override
    public void loadFour(int to, Address from) {
        a.vmovups128(new Zmm(to), from);
    }

    @Override
    public void insertFour(int to, int quarter, Address from) {
        a.vinsertf32x4(new Zmm(to), new Zmm(to), from, quarter);
    }

    @Override
    public void unpack(int to, int x, int y, boolean upper) {
        if (upper) {
            a.vunpckhps(new Zmm(to), new Zmm(x), new Zmm(y));
        } else {
            a.vunpcklps(new Zmm(to), new Zmm(x), new Zmm(y));
        }
    }

    @Override
    public void unpackPairs(int to, int x, int y, boolean upper) {
        if (upper) {
            a.vunpckhpd(new Zmm(to), new Zmm(x), new Zmm(y));
        } else {
            a.vunpcklpd(new Zmm(to), new Zmm(x), new Zmm(y));
        }
    }

    @Override
    public void transpose() {
        SquareTransposition.append(a);
    }

    /** {@code to = y - to x}, rounded once. */
    public void subtractProduct(int to, int x, int y) {
        a.vfnmadd213ps(new Zmm(to), new Zmm(x), new Zmm(y));
    }

    /** Inverses with a relative error below 2^-14. */
    public void approximateInverse(int to, int from) {
        a.vrcp14ps(new Zmm(to), new Zmm(from));
    }

    /** The nearest integers, of ties the even one. */
    public void round(int to, int from) {
        a.vrndscalepsNearest(new Zmm(to), new Zmm(from));
    }

    /** {@code to = x 2^floor(exponent)}. */
    public void scale(int to, int x, int exponent) {
        a.vscalefps(new Zmm(to), new Zmm(x), new Zmm(exponent));
    }

    /** The lanes of a vector's mask; those beyond are of another one. */
    public void keep(int to, int vector, int from, int beyond) {
        a.vblendmps(new Zmm(to), COLUMNS[vector], new Zmm(beyond), new Zmm(from));
    }
}
