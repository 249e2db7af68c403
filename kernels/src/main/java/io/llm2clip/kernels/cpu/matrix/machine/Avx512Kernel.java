package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Feature;
import io.llm2clip.kernels.cpu.machine.Mask;
import io.llm2clip.kernels.cpu.machine.Zmm;

/**
 * By dot products of AVX-512: all sums of a panel are in vector registers, and each pair of k of each row, in all lanes, is multiplied by the
 * pairs of 32 columns. {@code vdpbf16ps} does twice the work of an f32 multiply-add on a Zen 4, and half of it on some Intel cores.
 */
record Avx512Kernel() implements Bf16Kernel {
    private static final Mask[] COLUMNS = {new Mask(1), new Mask(2)};

    @Override
    public Feature feature() {
        return Feature.AVX512_BF16;
    }

    /** The sums, and what is multiplied: {@code 2 rows + 4}, or with two parts {@code 2 rows + 6} registers of 32. */
    @Override
    public int rows(int parts) {
        return parts == 1 ? 14 : 13;
    }

    @Override
    public byte[] code(PanelShape shape, Parts parts) {
        return new Program(shape, parts).encode();
    }

    private static final class Program extends PanelProgram {
        private final int vectors;
        private final Parts parts;

        Program(PanelShape shape, Parts parts) {
            super(shape.rows(), shape.rows() * parts.ofA() * Tiles.ROW, 2 * parts.ofB() * Tiles.TILE, Finish.of(shape));
            vectors = shape.vectors();
            this.parts = parts;
        }

        @Override
        void enter() {
            a.mov(RAX, at(RDI, PanelCall.COLUMNS_LOW));
            a.kmovw(COLUMNS[0], RAX);
            a.mov(RAX, at(RDI, PanelCall.COLUMNS_HIGH));
            a.kmovw(COLUMNS[1], RAX);
        }

        @Override
        void leave() {
            a.vzeroupper();
        }

        @Override
        void load() {
            for (int row = 0; row < rows; row++) {
                for (int v = 0; v < vectors; v++) {
                    a.vmovups(sum(row, v), COLUMNS[v], at(R10, row * PanelCall.BLOCK_ROW + v * Tiles.ROW));
                }
            }
        }

        @Override
        void clear() {
            for (int row = 0; row < rows; row++) {
                for (int v = 0; v < vectors; v++) {
                    a.vpxord(sum(row, v), sum(row, v), sum(row, v));
                }
            }
        }

        @Override
        void step() {
            for (int pair = 0; pair < Tiles.LANES; pair++) {
                multiply(pair);
            }
        }

        private void multiply(int pair) {
            int above = rows * vectors;
            for (int part = 0; part < parts.ofB(); part++) {
                for (int v = 0; v < vectors; v++) {
                    int offset = (2 * part + v) * Tiles.TILE + pair * Tiles.ROW;
                    a.vmovups(new Zmm(above + part * vectors + v), Mask.ALL, at(RSI, offset));
                }
            }
            for (int row = 0; row < rows; row++) {
                for (int part = 0; part < parts.ofA(); part++) {
                    // Two registers in turn, so that the next row need not wait.
                    Zmm ofA = new Zmm(above + parts.ofB() * vectors + (parts.ofA() == 2 ? part : row % 2));
                    a.vbroadcastss(ofA, at(RAX, (part * rows + row) * Tiles.ROW + pair * 4));
                    // What rounding left of both is not multiplied: the product is below the last bit of f32.
                    for (int other = 0; other < Math.min(parts.ofB(), parts.ofA() - part); other++) {
                        for (int v = 0; v < vectors; v++) {
                            a.vdpbf16ps(sum(row, v), ofA, new Zmm(above + other * vectors + v));
                        }
                    }
                }
            }
        }

        @Override
        void store() {
            for (int row = 0; row < rows; row++) {
                for (int v = 0; v < vectors; v++) {
                    a.vmovups(at(R9, row * PanelCall.BLOCK_ROW + v * Tiles.ROW), COLUMNS[v], sum(row, v));
                }
            }
        }

        private Zmm sum(int row, int vector) {
            return new Zmm(row * vectors + vector);
        }
    }
}
