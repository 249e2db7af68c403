package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
import static io.llm2clip.kernels.cpu.machine.Gpr.R12;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBP;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Feature;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Tile;

/**
 * By tiles of AMX: up to 2 x 2 tiles of sums, two of A and two of B, so that each tile that is loaded is multiplied twice. Tiles have the
 * rows and columns that exist, so nothing beyond C is read or written. The state of tiles does not outlast a call.
 */
record AmxKernel() implements PanelKernel {

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

    private static final class Program {
        final Assembler a = new Assembler();
        final int rows;
        final int below;
        final int right;
        final int parts;

        Program(int rows, int vectors, int parts) {
            this.rows = rows;
            this.below = rows > Tiles.LANES ? 2 : 1;
            this.right = vectors;
            this.parts = parts;
        }

        /** R8 is at a panel of A, R9 at its C, R10 at what is added to it, RAX and RSI go along k, R12 is the bytes of a tile's row. */
        byte[] encode() {
            a.push(RBX);
            a.push(RBP);
            a.push(R12);
            a.ldtilecfg(at(RDI, PanelCall.TILES));
            a.mov(R12, Tiles.ROW);
            a.mov(R8, at(RDI, PanelCall.A));
            a.mov(R9, at(RDI, PanelCall.C));
            a.mov(R10, at(RDI, PanelCall.ADD));
            a.mov(R11, at(RDI, PanelCall.PANELS));
            a.mov(RDX, at(RDI, PanelCall.C_ROW));
            a.mov(RCX, at(RDI, PanelCall.ADD_ROW));
            Label panel = a.here();
            begin();
            a.mov(RAX, R8);
            a.mov(RSI, at(RDI, PanelCall.B));
            a.mov(RBX, at(RDI, PanelCall.STEPS));
            Label step = a.here();
            step();
            a.add(RAX, rows * parts * Tiles.ROW);
            a.add(RSI, 2 * parts * Tiles.TILE);
            a.sub(RBX, 1);
            a.jnz(step);
            store();
            a.add(R8, at(RDI, PanelCall.A_PANEL));
            a.add(R9, at(RDI, PanelCall.C_PANEL));
            a.add(R10, at(RDI, PanelCall.ADD_PANEL));
            a.sub(R11, 1);
            a.jnz(panel);
            a.tilerelease();
            a.pop(R12);
            a.pop(RBP);
            a.pop(RBX);
            a.ret();
            return a.code();
        }

        /** Sums begin as what is added, or as 0. */
        private void begin() {
            Label zero = a.label();
            Label begun = a.label();
            a.test(R10, R10);
            a.jz(zero);
            for (int y = 0; y < below; y++) {
                rowsOf(R10, RCX, y);
                for (int x = 0; x < right; x++) {
                    a.tileloadd(sum(y, x), at(RBP, RCX, x * Tiles.ROW));
                }
            }
            a.jmp(begun);
            a.bind(zero);
            for (int y = 0; y < below; y++) {
                for (int x = 0; x < right; x++) {
                    a.tilezero(sum(y, x));
                }
            }
            a.bind(begun);
        }

        private void store() {
            for (int y = 0; y < below; y++) {
                rowsOf(R9, RDX, y);
                for (int x = 0; x < right; x++) {
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
        private void step() {
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
            for (int x = 0; x < right; x++) {
                a.tileloadd(new Tile(6 + x), at(RSI, R12, (2 * part + x) * Tiles.TILE));
            }
        }

        private void multiply() {
            for (int x = 0; x < right; x++) {
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
