package io.llm2clip.kernels.cpu.matrix.f32;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
import static io.llm2clip.kernels.cpu.machine.Gpr.R12;
import static io.llm2clip.kernels.cpu.machine.Gpr.R13;
import static io.llm2clip.kernels.cpu.machine.Gpr.R14;
import static io.llm2clip.kernels.cpu.machine.Gpr.R15;
import static io.llm2clip.kernels.cpu.machine.Gpr.R8;
import static io.llm2clip.kernels.cpu.machine.Gpr.R9;
import static io.llm2clip.kernels.cpu.machine.Gpr.RAX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBP;
import static io.llm2clip.kernels.cpu.machine.Gpr.RBX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RCX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDX;
import static io.llm2clip.kernels.cpu.machine.Gpr.RSI;

import io.llm2clip.kernels.cpu.machine.Address;
import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Label;
import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.Loops;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import java.util.List;
import java.util.function.Consumer;

/**
 * Packed tiles of A, {@code [k][rows]} one behind the other, times panels of B, {@code [k][2 vectors]}: {@code C = A B + add}. All sums of a
 * tile are in registers, each one chain of multiply-adds in the order of k; what is added comes last. A tile meets all panels before the next
 * one does: it stays in the first level of cache, and its rows of C in few pages. The argument is the address of a {@link TileCall}.
 */
final class TileProgram {
    /** Of columns. */
    static final int VECTORS = 2;

    private static final int LINE = 64;
    /** How far panels and tiles are fetched ahead, in bytes, across pages, where CPUs fetch nothing by themselves. */
    private static final int AHEAD_OF_B = 2048;

    private static final int AHEAD_OF_A = 1024;
    /** Those that a caller's values are in. */
    private static final Gpr[] SAVED = {RBX, RBP, R12, R13, R14, R15};

    private final Assembler a = new Assembler();
    private final Lanes lanes;
    private final int rows;
    private final boolean masked;

    /** @param masked whether some columns do not exist */
    TileProgram(VectorWidth width, int rows, boolean masked) {
        lanes = width.lanes(a);
        this.rows = rows;
        this.masked = masked;
    }

    byte[] encode() {
        for (Gpr register : SAVED) {
            a.push(register);
        }
        if (masked) {
            lanes.masks(RDI, TileCall.MASKS);
        }
        a.mov(R8, at(RDI, TileCall.A));
        a.mov(R9, at(RDI, TileCall.C));
        a.mov(R10, at(RDI, TileCall.ADD));
        a.mov(R11, at(RDI, TileCall.TILES));
        a.mov(RDX, at(RDI, TileCall.C_ROW));
        a.mov(RCX, at(RDI, TileCall.ADD_ROW));
        Label tile = a.here();
        a.mov(RSI, at(RDI, TileCall.B));
        a.mov(R12, at(RDI, TileCall.PANELS));
        a.mov(R13, R9);
        a.mov(R14, R10);
        a.mov(R15, at(RDI, TileCall.FETCHED));
        panels();
        fetchNextTile();
        a.add(R8, at(RDI, TileCall.A_TILE));
        a.add(R9, at(RDI, TileCall.C_TILE));
        a.add(R10, at(RDI, TileCall.ADD_TILE));
        a.sub(R11, 1);
        a.jnz(tile);
        a.vzeroupper();
        for (Gpr register : List.of(SAVED).reversed()) {
            a.pop(register);
        }
        a.ret();
        return a.code();
    }

    private void panels() {
        Label panel = a.here();
        begin();
        a.mov(RAX, R8);
        loop(TileCall.STEPS, TileCall.UNROLLED);
        loop(TileCall.REST, 1);
        add();
        store();
        a.add(RSI, at(RDI, TileCall.B_GAP));
        a.add(R13, VECTORS * lanes.bytes());
        a.add(R14, at(RDI, TileCall.ADD_PANEL));
        a.add(R15, VECTORS * lanes.bytes());
        a.sub(R12, 1);
        a.jnz(panel);
    }

    /** Sums are 0; memory that they go to, and what is read with them, is fetched while they are computed. */
    private void begin() {
        lines(R13, a::prefetcht0, () -> a.add(RBP, RDX));
        fetchRows();
        for (int sum = 0; sum < rows * VECTORS; sum++) {
            lanes.clear(sum);
        }
    }

    private void fetchRows() {
        Label nothing = a.label();
        a.mov(RAX, at(RDI, TileCall.FETCHED));
        a.test(RAX, RAX);
        a.jz(nothing);
        lines(R15, a::prefetcht1, () -> a.add(RBP, at(RDI, TileCall.FETCHED_ROW)));
        a.bind(nothing);
    }

    /**
     * Lines of a tile's columns, row by row.
     *
     * @param first where its first row is
     * @param nextRow adds to RBP the bytes to the next one
     */
    private void lines(Gpr first, Consumer<Address> fetch, Runnable nextRow) {
        a.mov(RBP, first);
        for (int row = 0; row < rows; row++) {
            for (int offset = 0; offset < VECTORS * lanes.bytes(); offset += LINE) {
                fetch.accept(at(RBP, offset));
            }
            nextRow.run();
        }
    }

    private void fetchNextTile() {
        Label nothing = a.label();
        a.mov(RAX, at(RDI, TileCall.FETCHED));
        a.test(RAX, RAX);
        a.jz(nothing);
        a.add(RAX, at(RDI, TileCall.FETCHED_TILE));
        a.mov(at(RDI, TileCall.FETCHED), RAX);
        a.bind(nothing);
    }

    private void loop(int count, int unrolled) {
        Loops.times(a, RBX, at(RDI, count), () -> {
            for (int step = 0; step < unrolled; step++) {
                multiply(step);
            }
            for (int offset = 0; offset < unrolled * rows * Float.BYTES; offset += LINE) {
                a.prefetcht0(at(RAX, AHEAD_OF_A + offset));
            }
            a.add(RAX, unrolled * rows * Float.BYTES);
            a.add(RSI, unrolled * VECTORS * lanes.bytes());
        });
    }

    private void multiply(int step) {
        int ofB = rows * VECTORS;
        for (int v = 0; v < VECTORS; v++) {
            lanes.load(ofB + v, at(RSI, (step * VECTORS + v) * lanes.bytes()));
        }
        for (int offset = 0; offset < VECTORS * lanes.bytes(); offset += LINE) {
            a.prefetcht0(at(RSI, AHEAD_OF_B + step * VECTORS * lanes.bytes() + offset));
        }
        for (int row = 0; row < rows; row++) {
            // Two registers in turn, so that the next row need not wait.
            int ofA = ofB + VECTORS + row % 2;
            lanes.broadcast(ofA, at(RAX, (step * rows + row) * Float.BYTES));
            for (int v = 0; v < VECTORS; v++) {
                lanes.multiplyAdd(row * VECTORS + v, ofA, ofB + v);
            }
        }
    }

    private void add() {
        Label nothing = a.label();
        a.test(R14, R14);
        a.jz(nothing);
        a.mov(RBP, R14);
        int added = rows * VECTORS;
        for (int row = 0; row < rows; row++) {
            for (int v = 0; v < VECTORS; v++) {
                if (masked) {
                    lanes.load(added, v, at(RBP, v * lanes.bytes()));
                } else {
                    lanes.load(added, at(RBP, v * lanes.bytes()));
                }
                lanes.add(row * VECTORS + v, row * VECTORS + v, added);
            }
            a.add(RBP, RCX);
        }
        a.bind(nothing);
    }

    private void store() {
        a.mov(RBP, R13);
        for (int row = 0; row < rows; row++) {
            for (int v = 0; v < VECTORS; v++) {
                int sum = row * VECTORS + v;
                if (masked) {
                    lanes.store(at(RBP, v * lanes.bytes()), v, sum);
                } else {
                    lanes.store(at(RBP, v * lanes.bytes()), sum);
                }
            }
            a.add(RBP, RDX);
        }
    }
}
