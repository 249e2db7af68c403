package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R12;
import static io.llm2clip.kernels.cpu.machine.Gpr.R14;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBP;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Feature;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Loops;
import io.llm2clip.kernels.cpu.machine.Tile;
import java.util.List;

/**
 * By tiles of AMX: up to 2 x 2 tiles of sums, two of A and two of B, so that each tile that is loaded is multiplied twice. Tiles have the
 * rows and columns that exist, so nothing beyond C is read or written. The state of tiles does not outlast a call.
 *
 * <p>Products are faster than the second level of cache gives both factors. So each panel of A finds the first steps of the panel of B in the
 * first level, where nothing else that tiles read gets to: neither A nor the later steps.
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
    public byte[] code(PanelShape shape, Parts parts) {
        return new Program(shape, parts).encode();
    }

    /** A panel is finished during the steps of the next one, a row a step, when vectors have nothing else to do. */
    private static final class Program extends PanelProgram {
        private final boolean finishes;
        private final Label row = a.label();
        private final int vectors;
        private final int fetched;
        private final int fetchedOfA;
        private final List<Parts.Product> products;
        private final int turn;
        /** Tiles of sums, one below the other. */
        private final int below;

        Program(PanelShape shape, Parts parts) {
            super(shape.rows(), shape.rows() * parts.ofA() * Tiles.ROW, 2 * parts.ofB() * Tiles.TILE, Finish.of(shape));
            finishes = shape.finish() != null;
            vectors = shape.vectors();
            fetched = shape.fetched();
            fetchedOfA = shape.fetchedOfA();
            products = parts.products();
            turn = PanelCall.stepsOfTurn(stepOfB);
            below = rows > Tiles.LANES ? 2 : 1;
        }

        /** R12 is the bytes of a tile's row, R14 goes along the next panel of B, RBP along the next part of A where sums are not finished. */
        @Override
        void enter() {
            a.push(R12);
            a.push(R14);
            a.ldtilecfg(at(RDI, PanelCall.TILES));
            a.mov(R12, Tiles.ROW);
            a.mov(R14, at(RDI, PanelCall.NEXT));
        }

        @Override
        void leave() {
            a.tilerelease();
            a.vzeroupper();
            a.pop(R14);
            a.pop(R12);
        }

        /**
         * Several at a time. Where both factors come from the second level of cache, storing sums at the end of a panel takes up to a third of
         * its time, on the first CPUs with AMX; it does not where a tile is stored every few steps, wherever to.
         */
        @Override
        void steps() {
            if (fetchedOfA > 0) {
                a.mov(RBP, at(RDI, PanelCall.NEXT_PART));
                a.add(RBP, R8);
            }
            turns(PanelCall.NEAR_TURNS, true);
            turns(PanelCall.FAR_TURNS, false);
            Loops.times(a, RBX, at(RDI, PanelCall.REST), () -> {
                step(0, true);
                advance(1);
            });
            finishRows();
        }

        /** @param near see {@link #step(int, boolean)} */
        private void turns(int count, boolean near) {
            Loops.times(a, RBX, at(RDI, count), () -> {
                for (int step = 0; step < turn; step++) {
                    step(step, near);
                    if (step == turn / 2) {
                        a.tilestored(at(RDI, R12, PanelCall.SUMS), sum(0, 0));
                    }
                }
                advance(turn);
            });
        }

        private void advance(int steps) {
            a.add(RAX, steps * stepOfA);
            a.add(RSI, steps * stepOfB);
            if (fetched > 0) {
                a.add(R14, steps * fetched * Tiles.ROW);
            }
            if (fetchedOfA > 0) {
                a.add(RBP, steps * fetchedOfA * Tiles.ROW);
            }
        }

        @Override
        void load() {
            a.mov(RAX, PanelCall.BLOCK_ROW);
            for (int y = 0; y < below; y++) {
                for (int x = 0; x < vectors; x++) {
                    a.tileloadd(sum(y, x), at(R10, RAX, inBlock(y, x)));
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
            a.mov(RAX, PanelCall.BLOCK_ROW);
            for (int y = 0; y < below; y++) {
                for (int x = 0; x < vectors; x++) {
                    a.tilestored(at(R9, RAX, inBlock(y, x)), sum(y, x));
                }
            }
        }

        private static int inBlock(int y, int x) {
            return y * Tiles.LANES * PanelCall.BLOCK_ROW + x * Tiles.ROW;
        }

        /** A row of the panel before, if one is left. */
        private void finishRow() {
            if (finishes) {
                Label none = a.label();
                a.test(RCX, RCX);
                a.jz(none);
                a.call(row);
                a.bind(none);
            }
        }

        /** All rows of the panel before that are left. */
        private void finishRows() {
            if (finishes) {
                Label none = a.label();
                a.test(RCX, RCX);
                a.jz(none);
                Label again = a.here();
                a.call(row);
                a.jnz(again);
                a.bind(none);
            }
        }

        @Override
        void finish(Finish rows) {
            rows.take(a);
        }

        @Override
        void end(Finish rows) {
            finishRows();
        }

        @Override
        void functions(Finish rows) {
            a.bind(row);
            rows.row(a);
            a.ret();
        }

        @Override
        void step() {
            step(0, true);
        }

        /**
         * All products of a step, and a row of the panel before during each.
         *
         * @param near whether what is read of B is to stay in the first level of cache
         */
        private void step(int step, boolean near) {
            int partOfA = -1;
            int partOfB = -1;
            for (Parts.Product product : products) {
                if (product.ofA() != partOfA) {
                    partOfA = product.ofA();
                    loadA(step, partOfA);
                }
                if (product.ofB() != partOfB) {
                    partOfB = product.ofB();
                    loadB(step, partOfB, near);
                }
                multiply();
                finishRow();
            }
            for (int line = 0; line < fetched; line++) {
                a.prefetcht1(at(R14, (step * fetched + line) * Tiles.ROW));
            }
            for (int line = 0; line < fetchedOfA; line++) {
                a.prefetcht1(at(RBP, (step * fetchedOfA + line) * Tiles.ROW));
            }
        }

        private void loadA(int step, int part) {
            for (int y = 0; y < below; y++) {
                int offset = step * stepOfA + part * rows * Tiles.ROW + y * Tiles.TILE;
                a.tileloaddt1(new Tile(4 + y), at(RAX, R12, offset));
            }
        }

        private void loadB(int step, int part, boolean near) {
            for (int x = 0; x < vectors; x++) {
                Tile tile = new Tile(6 + x);
                Address from = at(RSI, R12, step * stepOfB + (2 * part + x) * Tiles.TILE);
                if (near) {
                    a.tileloadd(tile, from);
                } else {
                    a.tileloaddt1(tile, from);
                }
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
