package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
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
import io.llm2clip.kernels.cpu.machine.Zmm;
import io.llm2clip.kernels.cpu.matrix.BlockPanels;

/**
 * By {@code vpdpbusd} of AVX-512, which multiplies unsigned bytes by signed ones, four at a time: weights are the unsigned ones, nibbles as
 * they are and bytes with 128 added, and dot products begin at what takes these offsets away again. They are exact in 32 bits; each
 * block's is scaled once, in f32.
 */
record Avx512ByteKernel() implements ByteKernel {
    private static final Mask COLUMNS = new Mask(1);
    private static final int MAX_ROWS = 12;
    private static final int WORDS = Tiles.STEP / Integer.BYTES;

    /** Above the sums and dot products of a panel: weights, factors of two rows, the columns' scales and minima, and a constant. */
    private static final Zmm LOW = new Zmm(2 * MAX_ROWS);

    private static final Zmm HIGH = new Zmm(2 * MAX_ROWS + 1);
    private static final int FACTORS = 2 * MAX_ROWS + 2;
    private static final Zmm SCALES = new Zmm(2 * MAX_ROWS + 4);
    private static final Zmm PATTERN = new Zmm(2 * MAX_ROWS + 5);
    private static final Zmm MINIMA = new Zmm(2 * MAX_ROWS + 6);

    @Override
    public Feature feature() {
        return Feature.AVX512_VNNI;
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

        @Override
        void enter() {
            a.mov(RAX, at(RDI, PanelCall.COLUMNS_LOW));
            a.kmovw(COLUMNS, RAX);
            a.vbroadcastss(PATTERN, at(RDI, format == DType.Q8 ? PanelCall.SIGNS : PanelCall.LOW_NIBBLES));
        }

        @Override
        void leave() {
            a.vzeroupper();
        }

        @Override
        void load() {
            a.mov(RBP, R10);
            for (int row = 0; row < rows; row++) {
                a.vmovups(sum(row), COLUMNS, at(RBP, 0));
                a.add(RBP, RCX);
            }
        }

        @Override
        void clear() {
            for (int row = 0; row < rows; row++) {
                a.vpxord(sum(row), sum(row), sum(row));
            }
        }

        @Override
        void step() {
            int scales = rows * Tiles.STEP;
            for (int row = 0; row < rows; row++) {
                if (format.hasMinimum()) {
                    a.vpxord(dot(row), dot(row), dot(row));
                } else {
                    a.vbroadcastss(dot(row), at(RAX, scales + (rows + row) * Float.BYTES));
                }
            }
            if (format == DType.Q8) {
                bytes();
            } else {
                nibbles();
            }
            a.vcvtph2ps(SCALES, at(RSI, 0));
            if (format.hasMinimum()) {
                a.vcvtph2ps(MINIMA, at(RSI, BlockPanels.HALVES));
            }
            for (int row = 0; row < rows; row++) {
                // Two registers in turn, so that the next row need not wait.
                Zmm factors = new Zmm(FACTORS + row % 2);
                a.vmulpsBroadcast(factors, SCALES, at(RAX, scales + row * Float.BYTES));
                a.vcvtdq2ps(dot(row), dot(row));
                a.vfmadd231ps(sum(row), dot(row), factors);
                if (format.hasMinimum()) {
                    a.vfmadd231psBroadcast(sum(row), MINIMA, at(RAX, scales + (rows + row) * Float.BYTES));
                }
            }
        }

        private void bytes() {
            for (int word = 0; word < WORDS; word++) {
                Zmm weights = word % 2 == 0 ? LOW : HIGH;
                // Of a signed byte, 128 more as an unsigned one.
                a.vpxord(weights, PATTERN, at(RSI, BlockPanels.headerBytes(format) + word * Tiles.ROW));
                multiply(weights, word);
            }
        }

        private void nibbles() {
            for (int word = 0; word < WORDS / 2; word++) {
                int offset = BlockPanels.headerBytes(format) + word * Tiles.ROW;
                a.vmovups(HIGH, Mask.ALL, at(RSI, offset));
                a.vpandd(LOW, PATTERN, HIGH);
                multiply(LOW, word);
                a.vpsrld(HIGH, HIGH, Integer.BYTES);
                a.vpandd(HIGH, PATTERN, HIGH);
                multiply(HIGH, WORDS / 2 + word);
            }
        }

        private void multiply(Zmm weights, int word) {
            for (int row = 0; row < rows; row++) {
                a.vpdpbusdBroadcast(dot(row), weights, at(RAX, row * Tiles.STEP + word * Integer.BYTES));
            }
        }

        @Override
        void store() {
            a.mov(RBP, R9);
            for (int row = 0; row < rows; row++) {
                a.vmovups(at(RBP, 0), COLUMNS, sum(row));
                a.add(RBP, RDX);
            }
        }

        private static Zmm sum(int row) {
            return new Zmm(row);
        }

        private static Zmm dot(int row) {
            return new Zmm(MAX_ROWS + row);
        }
    }
}
