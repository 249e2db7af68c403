package io.llm2clip.kernels.cpu.machine;

/** The transposition of squares of elements of 32 bits in registers. */
public final class SquareTransposition {
    private SquareTransposition() {}

    /** Appends that of 16 x 16: registers 0 to 15 are the rows before and after it, registers 16 to 31 are overwritten. */
    public static void append(Assembler a) {
        Lanes lanes = new Lanes512(a);
        pairs(lanes);
        for (int i = 0; i < 16; i += 4) {
            fours(lanes, 16 + i, i);
        }
        // Quarter q of register 4 g + c has now column 4 q + c of rows 4 g to 4 g + 3.
        for (int c = 0; c < 4; c++) {
            Zmm[] square = {new Zmm(c), new Zmm(4 + c), new Zmm(8 + c), new Zmm(12 + c)};
            for (int half = 0; half < 2; half++) {
                a.vshuff32x4(new Zmm(16 + 4 * c + half), square[0], square[1], half == 0 ? 0x44 : 0xEE);
                a.vshuff32x4(new Zmm(16 + 4 * c + 2 + half), square[2], square[3], half == 0 ? 0x44 : 0xEE);
            }
            for (int q = 0; q < 4; q++) {
                Zmm upper = new Zmm(16 + 4 * c + q / 2);
                Zmm lower = new Zmm(16 + 4 * c + 2 + q / 2);
                a.vshuff32x4(square[q], upper, lower, q % 2 == 0 ? 0x88 : 0xDD);
            }
        }
    }

    /** Appends that of 8 x 8: registers 0 to 7 are the rows before and after it, registers 8 to 15 are overwritten. */
    static void append(Lanes256 lanes, Avx2 a) {
        pairs(lanes);
        fours(lanes, 8, 0);
        fours(lanes, 12, 8);
        // Half h of register c has now column 4 h + c of rows 0 to 3, that of register 8 + c of the others.
        for (int c = 0; c < 4; c++) {
            a.vperm2i128(new Ymm(4 + c), new Ymm(c), new Ymm(8 + c), 0x31);
            a.vperm2i128(new Ymm(c), new Ymm(c), new Ymm(8 + c), 0x20);
        }
    }

    /** Two rows and the next two lanes at a time, to the registers behind those of the rows. */
    private static void pairs(Lanes lanes) {
        for (int i = 0; i < lanes.count(); i++) {
            lanes.unpack(lanes.count() + i, i - i % 2, i - i % 2 + 1, i % 2 == 1);
        }
    }

    /** The same four columns of the quarters of four rows, from what {@link #pairs} left of them in four registers. */
    private static void fours(Lanes lanes, int from, int to) {
        for (int column = 0; column < 4; column++) {
            lanes.unpackPairs(to + column, from + column / 2, from + column / 2 + 2, column % 2 == 1);
        }
    }
}
