package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R12;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBP;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Feature;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Tile;

/**
 * By tiles of AMX: up to 2 x 2 tiles of sums, two of A and two of B, so that each tile that is loaded is multiplied twice. Tiles have the
 * rows and columns that exist, so nothing beyond C is read or written. The state of tiles does not outlast a call.
 */
record AmxKernel() implements Bf16Kernel {

    @Override
    public Feature feature() {
        return Feature.AMX_BF16;
    }

    @Override
    public int rows(int parts) {
        return 2 * Tiles.LANES;
    }

    @Override
    public byte[] code(int rows, int vectors, int parts) {
        return new Program(rows, vectors, parts).encode();
    }

    private static final class Program extends PanelProgram {
        private final int vectors;
        private final int parts;
        /** Tiles of sums, one below the other. */
        private final int below;

        Program(int rows, int vectors, int parts) {
            super(rows, rows * parts * Tiles.ROW, 2 * parts * Tiles.TILE);
            this.vectors = vectors;
            this.parts = parts;
            below = rows > Tiles.LANES ? 2 : 1;
        }

        /** R12 is the bytes of a tile's row. */
        @Override
        void enter() {
            a.push(R12);
            a.ldtilecfg(at(RDI, PanelCall.TILES));
            a.mov(R12, Tiles.ROW);
        }

        @Override
        void leave() {
            a.tilerelease();
            a.pop(R12);
        }

        @Override
        void load() {
            for (int y = 0; y < below; y++) {
                rowsOf(R10, RCX, y);
                for (int x = 0; x < vectors; x++) {
                    a.tileloadd(sum(y, x), at(RBP, RCX, x * Tiles.ROW));
                }
            }
        }

        @Override
        void clear() {
            for (int y = 0; y < below; y++) {
                for (int x = 0; x < vectors; x++) {
                    a.tilezero(sum(y, x));
                }
            }
        }

        @Override
        void store() {
            for (int y = 0; y < below; y++) {
                rowsOf(R9, RDX, y);
                for (int x = 0; x < vectors; x++) {
                    a.tilestored(at(RBP, RDX, x * Tiles.ROW), sum(y, x));
                }
            }
        }

        /** Sets RBP to the first row of a tile. */
        private void rowsOf(Gpr first, Gpr row, int y) {
            if (y == 0) {
                a.mov(RBP, first);
            } else {
                a.mov(RBP, row);
                a.shl(RBP, 4);
                a.add(RBP, first);
            }
        }

        /** With two parts: what rounding left of A, then A rounded, by B rounded; then the latter by what rounding left of B. */
        @Override
        void step() {
            if (parts == 2) {
                loadA(1);
                loadB(0);
                multiply();
                loadA(0);
                multiply();
                loadB(1);
                multiply();
            } else {
                loadA(0);
                loadB(0);
                multiply();
            }
        }

        private void loadA(int part) {
            for (int y = 0; y < below; y++) {
                a.tileloadd(new Tile(4 + y), at(RAX, R12, part * rows * Tiles.ROW + y * Tiles.TILE));
            }
        }

        private void loadB(int part) {
            for (int x = 0; x < vectors; x++) {
                a.tileloadd(new Tile(6 + x), at(RSI, R12, (2 * part + x) * Tiles.TILE));
            }
        }

        private void multiply() {
            for (int x = 0; x < vectors; x++) {
                for (int y = 0; y < below; y++) {
                    a.tdpbf16ps(sum(y, x), new Tile(4 + y), new Tile(6 + x));
                }
            }
        }

        private Tile sum(int y, int x) {
            return new Tile(2 * y + x);
        }
    }
}
