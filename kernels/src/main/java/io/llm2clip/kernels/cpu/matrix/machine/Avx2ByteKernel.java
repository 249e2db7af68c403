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
import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Avx2;
import io.llm2clip.kernels.cpu.machine.Feature;
import io.llm2clip.kernels.cpu.machine.Ymm;
import io.llm2clip.kernels.cpu.matrix.BlockPanels;

/**
 * By vectors of 256 bits, two per panel of B. Where the CPU has AVX-VNNI, as {@link Avx512ByteKernel} does; where not, by {@code vpmaddubsw},
 * whose sums of two products are saturated words: of unsigned nibbles eight such sums fit a word (15 x 127 x 16), and of bytes one does if
 * the sign of the weight goes to the row (128 x 127 x 2), so that no sum ever saturates.
 *
 * @param dots whether by AVX-VNNI
 */
record Avx2ByteKernel(boolean dots) implements ByteKernel {
    private static final int MAX_ROWS = 4;
    private static final int WORDS = Tiles.STEP / Integer.BYTES;
    private static final int HALVES = 2;
    /** Bytes of a vector. */
    private static final int VECTOR = Tiles.ROW / HALVES;

    /** Above the sums of a panel, two per row, and its dot products. */
    private static final Ymm WEIGHTS = new Ymm(3 * MAX_ROWS);
    /** Magnitudes of weights, or what words are multiplied by to be summed in pairs. */
    private static final Ymm OTHER = new Ymm(3 * MAX_ROWS + 1);

    private static final Ymm ROW = new Ymm(3 * MAX_ROWS + 2);
    private static final Ymm PATTERN = new Ymm(3 * MAX_ROWS + 3);

    @Override
    public Feature feature() {
        return dots ? Feature.AVX_VNNI : Feature.AVX2;
    }

    @Override
    public int rows() {
        return MAX_ROWS;
    }

    @Override
    public byte[] multiply(int rows, DType format) {
        return new Program(rows, format, dots).encode();
    }

    @Override
    public byte[] quantize(DType format) {
        return new QuantizeProgram(new Avx2Quantizer(format)).encode();
    }

    private static final class Program extends PanelProgram {
        private final Avx2 avx2 = a.avx2();
        private final DType format;
        private final boolean dots;

        Program(int rows, DType format, boolean dots) {
            super(rows, rows * ByteKernels.ROW_OF_A, Math.toIntExact(BlockPanels.panelBytes(format, 1)), null);
            this.format = format;
            this.dots = dots;
        }

        @Override
        void enter() {
            int bytes = dots ? PanelCall.SIGNS : PanelCall.ONES;
            avx2.vbroadcastss(PATTERN, at(RDI, format == DType.Q8 ? bytes : PanelCall.LOW_NIBBLES));
            if (format != DType.Q8) {
                avx2.vbroadcastss(OTHER, at(RDI, PanelCall.ONES));
            }
        }

        @Override
        void leave() {
            a.vzeroupper();
        }

        @Override
        void load() {
            for (int half = 0; half < HALVES; half++) {
                avx2.vmovups(WEIGHTS, at(RDI, PanelCall.LANES + half * VECTOR));
                a.mov(RBP, R10);
                for (int row = 0; row < rows; row++) {
                    avx2.vmaskmovps(sum(row, half), WEIGHTS, at(RBP, half * VECTOR));
                    a.add(RBP, RCX);
                }
            }
        }

        @Override
        void clear() {
            for (int row = 0; row < rows; row++) {
                for (int half = 0; half < HALVES; half++) {
                    avx2.vpxor(sum(row, half), sum(row, half), sum(row, half));
                }
            }
        }

        @Override
        void store() {
            for (int half = 0; half < HALVES; half++) {
                avx2.vmovups(WEIGHTS, at(RDI, PanelCall.LANES + half * VECTOR));
                a.mov(RBP, R9);
                for (int row = 0; row < rows; row++) {
                    avx2.vmaskmovps(at(RBP, half * VECTOR), WEIGHTS, sum(row, half));
                    a.add(RBP, RDX);
                }
            }
        }

        @Override
        void step() {
            for (int half = 0; half < HALVES; half++) {
                begin();
                if (format == DType.Q8) {
                    bytes(half);
                } else {
                    nibbles(half);
                }
                scale(half);
            }
        }

        /** Where nothing was added to weights, there is nothing to take away; of nibbles' words it is done at the end. */
        private void begin() {
            for (int row = 0; row < rows; row++) {
                if (dots && !format.hasMinimum()) {
                    avx2.vbroadcastss(dot(row), addend(row));
                } else {
                    avx2.vpxor(dot(row), dot(row), dot(row));
                }
            }
        }

        private void bytes(int half) {
            for (int word = 0; word < WORDS; word++) {
                int offset = weights(half, word);
                if (dots) {
                    avx2.vpxor(WEIGHTS, PATTERN, at(RSI, offset));
                } else {
                    avx2.vmovups(WEIGHTS, at(RSI, offset));
                    avx2.vpabsb(OTHER, WEIGHTS);
                }
                for (int row = 0; row < rows; row++) {
                    avx2.vbroadcastss(ROW, numbers(row, word));
                    if (dots) {
                        avx2.vpdpbusd(dot(row), WEIGHTS, ROW);
                    } else {
                        avx2.vpsignb(ROW, ROW, WEIGHTS);
                        avx2.vpmaddubsw(ROW, OTHER, ROW);
                        avx2.vpmaddwd(ROW, ROW, PATTERN);
                        avx2.vpaddd(dot(row), dot(row), ROW);
                    }
                }
            }
        }

        private void nibbles(int half) {
            for (int word = 0; word < WORDS / 2; word++) {
                int offset = weights(half, word);
                avx2.vpand(WEIGHTS, PATTERN, at(RSI, offset));
                multiplyNibbles(word);
                avx2.vmovups(WEIGHTS, at(RSI, offset));
                avx2.vpsrld(WEIGHTS, WEIGHTS, Integer.BYTES);
                avx2.vpand(WEIGHTS, PATTERN, WEIGHTS);
                multiplyNibbles(WORDS / 2 + word);
            }
            if (!dots) {
                for (int row = 0; row < rows; row++) {
                    avx2.vpmaddwd(dot(row), dot(row), OTHER);
                    if (!format.hasMinimum()) {
                        avx2.vbroadcastss(ROW, addend(row));
                        avx2.vpaddd(dot(row), dot(row), ROW);
                    }
                }
            }
        }

        private void multiplyNibbles(int word) {
            for (int row = 0; row < rows; row++) {
                avx2.vbroadcastss(ROW, numbers(row, word));
                if (dots) {
                    avx2.vpdpbusd(dot(row), WEIGHTS, ROW);
                } else {
                    avx2.vpmaddubsw(ROW, WEIGHTS, ROW);
                    avx2.vpaddw(dot(row), dot(row), ROW);
                }
            }
        }

        private void scale(int half) {
            avx2.vcvtph2ps(WEIGHTS, at(RSI, half * VECTOR / 2));
            for (int row = 0; row < rows; row++) {
                avx2.vbroadcastss(ROW, at(RAX, rows * Tiles.STEP + row * Float.BYTES));
                avx2.vmulps(ROW, WEIGHTS, ROW);
                avx2.vcvtdq2ps(dot(row), dot(row));
                avx2.vfmadd231ps(sum(row, half), dot(row), ROW);
            }
            if (format.hasMinimum()) {
                addMinima(half);
            }
        }

        private void addMinima(int half) {
            avx2.vcvtph2ps(WEIGHTS, at(RSI, BlockPanels.HALVES + half * VECTOR / 2));
            for (int row = 0; row < rows; row++) {
                avx2.vbroadcastss(ROW, addend(row));
                avx2.vfmadd231ps(sum(row, half), WEIGHTS, ROW);
            }
        }

        private int weights(int half, int word) {
            return BlockPanels.headerBytes(format) + word * Tiles.ROW + half * VECTOR;
        }

        private static Address numbers(int row, int word) {
            return at(RAX, row * Tiles.STEP + word * Integer.BYTES);
        }

        private Address addend(int row) {
            return at(RAX, rows * Tiles.STEP + (rows + row) * Float.BYTES);
        }

        private static Ymm sum(int row, int half) {
            return new Ymm(HALVES * row + half);
        }

        private static Ymm dot(int row) {
            return new Ymm(HALVES * MAX_ROWS + row);
        }
    }
}
