package io.llm2clip.kernels.cpu.matrix.f32;

import static io.llm2clip.kernels.cpu.machine.Address.at;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;

/** Vectors of AVX-512. */
final class Lanes512 extends Lanes {
    private static final Mask[] COLUMNS = {new Mask(1), new Mask(2)};

    Lanes512(Assembler a) {
        super(a, 16);
    }

    @Override
    void masks(Gpr call, int offset) {
        for (int vector = 0; vector < COLUMNS.length; vector++) {
            a.mov(Gpr.RAX, at(call, offset + vector * Long.BYTES));
            a.kmovw(COLUMNS[vector], Gpr.RAX);
        }
    }

    @Override
    void load(int to, Address from) {
        a.vmovups(new Zmm(to), Mask.ALL, from);
    }

    @Override
    void load(int to, int vector, Address from) {
        a.vmovups(new Zmm(to), COLUMNS[vector], from);
    }

    @Override
    void store(Address to, int from) {
        a.vmovups(to, Mask.ALL, new Zmm(from));
    }

    @Override
    void store(Address to, int vector, int from) {
        a.vmovups(to, COLUMNS[vector], new Zmm(from));
    }

    @Override
    void broadcast(int to, Address from) {
        a.vbroadcastss(new Zmm(to), from);
    }

    @Override
    void clear(int to) {
        a.vpxord(new Zmm(to), new Zmm(to), new Zmm(to));
    }

    @Override
    void multiplyAdd(int sum, int x, int y) {
        a.vfmadd231ps(new Zmm(sum), new Zmm(x), new Zmm(y));
    }

    @Override
    void add(int to, int x, int y) {
        a.vaddps(new Zmm(to), new Zmm(x), new Zmm(y));
    }

    @Override
    void loadBf16(int to, Address from) {
        a.vpmovzxwd(new Zmm(to), from);
        widen(to, to, false);
    }

    @Override
    void widen(int to, int from, boolean upper) {
        if (upper) {
            a.vpsrld(new Zmm(to), new Zmm(from), Short.SIZE);
            widen(to, to, false);
        } else {
            a.vpslld(new Zmm(to), new Zmm(from), Short.SIZE);
        }
    }

    @Override
    void loadFour(int to, Address from) {
        a.vmovups128(new Zmm(to), from);
    }

    @Override
    void insertFour(int to, int quarter, Address from) {
        a.vinsertf32x4(new Zmm(to), new Zmm(to), from, quarter);
    }

    @Override
    void unpack(int to, int x, int y, boolean upper) {
        if (upper) {
            a.vunpckhps(new Zmm(to), new Zmm(x), new Zmm(y));
        } else {
            a.vunpcklps(new Zmm(to), new Zmm(x), new Zmm(y));
        }
    }

    @Override
    void unpackPairs(int to, int x, int y, boolean upper) {
        if (upper) {
            a.vunpckhpd(new Zmm(to), new Zmm(x), new Zmm(y));
        } else {
            a.vunpcklpd(new Zmm(to), new Zmm(x), new Zmm(y));
        }
    }
}
