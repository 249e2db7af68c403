package io.llm2clip.kernels.cpu.machine;

/** The transposition of 16 x 16 elements of 32 bits in registers. */
public final class SquareTransposition {
    private static final int LANES = 16;

    private SquareTransposition() {}

    /** Appends it: registers 0 to 15 are the rows before and after it, registers 16 to 31 are overwritten. */
    public static void append(Assembler a) {
        for (int i = 0; i < LANES; i += 2) {
            a.vunpcklps(new Zmm(LANES + i), new Zmm(i), new Zmm(i + 1));
            a.vunpckhps(new Zmm(LANES + i + 1), new Zmm(i), new Zmm(i + 1));
        }
        // Quarter q of register 4 g + c has then column 4 q + c of rows 4 g to 4 g + 3.
        for (int i = 0; i < LANES; i += 4) {
            for (int half = 0; half < 2; half++) {
                Zmm upper = new Zmm(LANES + i + half);
                Zmm lower = new Zmm(LANES + i + half + 2);
                a.vunpcklpd(new Zmm(i + 2 * half), upper, lower);
                a.vunpckhpd(new Zmm(i + 2 * half + 1), upper, lower);
            }
        }
        for (int c = 0; c < 4; c++) {
            Zmm[] square = {new Zmm(c), new Zmm(4 + c), new Zmm(8 + c), new Zmm(12 + c)};
            for (int half = 0; half < 2; half++) {
                a.vshuff32x4(new Zmm(LANES + 4 * c + half), square[0], square[1], half == 0 ? 0x44 : 0xEE);
                a.vshuff32x4(new Zmm(LANES + 4 * c + 2 + half), square[2], square[3], half == 0 ? 0x44 : 0xEE);
            }
            for (int q = 0; q < 4; q++) {
                Zmm upper = new Zmm(LANES + 4 * c + q / 2);
                Zmm lower = new Zmm(LANES + 4 * c + 2 + q / 2);
                a.vshuff32x4(square[q], upper, lower, q % 2 == 0 ? 0x88 : 0xDD);
            }
        }
    }
}
