package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R12;
import static io.llm2clip.kernels.cpu.machine.Gpr.R13;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBP;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.machine.Feature;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Tile;
import io.llm2clip.kernels.cpu.machine.Zmm;
import io.llm2clip.kernels.cpu.matrix.BlockPanels;

/**
 * By tiles of AMX: a block's dot products of up to 16 rows and 16 columns are one product of tiles, which goes through memory to vectors of
 * 512 bits to be scaled. Bytes are multiplied as they are, signed; nibbles as unsigned numbers, which are 8 more than they stand for, so
 * that the row's own sum is added.
 */
record AmxByteKernel() implements ByteKernel {
    private static final Mask COLUMNS = new Mask(1);
    private static final int MAX_ROWS = Tiles.LANES;
    private static final int WORDS = BlockPanels.STEP / Integer.BYTES;

    /** Above the sums of a panel: dot products, factors of two rows, the columns' scales and minima, addends, and a constant. */
    private static final int DOTS = MAX_ROWS;

    private static final int FACTORS = MAX_ROWS + 2;
    private static final Zmm SCALES = new Zmm(MAX_ROWS + 4);
    private static final Zmm ADDENDS = new Zmm(MAX_ROWS + 5);
    private static final Zmm NIBBLES = new Zmm(MAX_ROWS + 6);
    private static final Zmm PATTERN = new Zmm(MAX_ROWS + 7);
    private static final Zmm MINIMA = new Zmm(MAX_ROWS + 8);

    private static final Tile DOT = new Tile(PanelCall.BYTE_SUMS);
    private static final Tile ROWS = new Tile(PanelCall.BYTE_ROWS);
    private static final Tile WEIGHTS = new Tile(PanelCall.BYTE_WEIGHTS);

    @Override
    public Feature feature() {
        return Feature.AMX_INT8;
    }

    @Override
    public int rows() {
        return MAX_ROWS;
    }

    @Override
    public byte[] multiply(int rows, DType format) {
        return new Program(rows, format).encode();
    }

    @Override
    public byte[] quantize(DType format) {
        return new QuantizeProgram(new Avx512Quantizer(format)).encode();
    }

    private static final class Program extends PanelProgram {
        private final DType format;

        Program(int rows, DType format) {
            super(rows, rows * ByteKernels.ROW_OF_A, Math.toIntExact(BlockPanels.panelBytes(format, 1)), null);
            this.format = format;
        }

        /** R12 is the bytes of a row of A, R13 those of a row of words and of dot products. */
        @Override
        void enter() {
            a.push(R12);
            a.push(R13);
            a.ldtilecfg(at(RDI, PanelCall.BYTE_TILES));
            a.mov(R12, Tiles.STEP);
            a.mov(R13, Tiles.ROW);
            a.mov(RAX, at(RDI, PanelCall.COLUMNS_LOW));
            a.kmovw(COLUMNS, RAX);
            a.vbroadcastss(PATTERN, at(RDI, PanelCall.LOW_NIBBLES));
        }

        @Override
        void leave() {
            a.tilerelease();
            a.vzeroupper();
            a.pop(R13);
            a.pop(R12);
        }

        @Override
        void load() {
            a.mov(RBP, R10);
            for (int row = 0; row < rows; row++) {
                a.vmovups(new Zmm(row), COLUMNS, at(RBP, 0));
                a.add(RBP, RCX);
            }
        }

        @Override
        void clear() {
            for (int row = 0; row < rows; row++) {
                a.vpxord(new Zmm(row), new Zmm(row), new Zmm(row));
            }
        }

        @Override
        void step() {
            a.tilezero(DOT);
            a.tileloadd(ROWS, at(RAX, R12, 0));
            if (format == DType.Q8) {
                a.tileloadd(WEIGHTS, at(RSI, R13, BlockPanels.headerBytes(format)));
                a.tdpbssd(DOT, ROWS, WEIGHTS);
            } else {
                unpack();
                a.tileloadd(WEIGHTS, at(RDI, R13, PanelCall.NIBBLES));
                a.tdpbsud(DOT, ROWS, WEIGHTS);
            }
            a.tilestored(at(RDI, R13, PanelCall.SUMS), DOT);
            a.vcvtph2ps(SCALES, at(RSI, 0));
            if (format.hasMinimum()) {
                a.vcvtph2ps(MINIMA, at(RSI, BlockPanels.HALVES));
            }
            for (int row = 0; row < rows; row++) {
                scale(row);
            }
        }

        /** Low nibbles of all words, then high ones. */
        private void unpack() {
            for (int word = 0; word < WORDS / 2; word++) {
                a.vmovups(NIBBLES, Mask.ALL, at(RSI, BlockPanels.headerBytes(format) + word * Tiles.ROW));
                a.vpandd(ADDENDS, PATTERN, NIBBLES);
                a.vmovups(at(RDI, PanelCall.NIBBLES + word * Tiles.ROW), Mask.ALL, ADDENDS);
                a.vpsrld(NIBBLES, NIBBLES, Integer.BYTES);
                a.vpandd(NIBBLES, PATTERN, NIBBLES);
                a.vmovups(at(RDI, PanelCall.NIBBLES + (WORDS / 2 + word) * Tiles.ROW), Mask.ALL, NIBBLES);
            }
        }

        /** Of two registers in turn, so that the next row need not wait. */
        private void scale(int row) {
            Zmm dots = new Zmm(DOTS + row % 2);
            Zmm factors = new Zmm(FACTORS + row % 2);
            int scales = rows * Tiles.STEP;
            a.vmovups(dots, Mask.ALL, at(RDI, PanelCall.SUMS + row * Tiles.ROW));
            if (format == DType.Q4) {
                a.vbroadcastss(ADDENDS, at(RAX, scales + (rows + row) * Integer.BYTES));
                a.vpaddd(dots, dots, ADDENDS);
            }
            a.vmulpsBroadcast(factors, SCALES, at(RAX, scales + row * Float.BYTES));
            a.vcvtdq2ps(dots, dots);
            a.vfmadd231ps(new Zmm(row), dots, factors);
            if (format.hasMinimum()) {
                a.vfmadd231psBroadcast(new Zmm(row), MINIMA, at(RAX, scales + (rows + row) * Float.BYTES));
            }
        }

        @Override
        void store() {
            a.mov(RBP, R9);
            for (int row = 0; row < rows; row++) {
                a.vmovups(at(RBP, 0), COLUMNS, new Zmm(row));
                a.add(RBP, RDX);
            }
        }
    }
}
