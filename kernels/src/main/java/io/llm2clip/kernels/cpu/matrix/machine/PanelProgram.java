package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.R10;
import static io.llm2clip.kernels.cpu.machine.Gpr.R11;
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
import io.llm2clip.kernels.cpu.machine.Label;
import org.jspecify.annotations.Nullable;

/**
 * The loops that the programs of all kernels have: over panels of A, and within each over the steps of k. R8 is at a panel of A,
 * R9 at its C, R10 at what is added to it, RDX and RCX are the bytes of their rows, unless there is a {@link Finish}, RAX and RSI go along k.
 * RBP is free.
 */
abstract class PanelProgram {
    final Assembler a = new Assembler();
    final int rows;
    final int stepOfA;
    final int stepOfB;
    private final @Nullable Finish finish;

    /**
     * Of panels of so many rows.
     *
     * @param stepOfA bytes of a step of a panel of A
     * @param stepOfB bytes of a step of a panel of B
     * @param finish what follows when sums are stored, if anything
     */
    PanelProgram(int rows, int stepOfA, int stepOfB, @Nullable Finish finish) {
        this.rows = rows;
        this.stepOfA = stepOfA;
        this.stepOfB = stepOfB;
        this.finish = finish;
    }

    byte[] encode() {
        a.push(RBX);
        a.push(RBP);
        enter();
        a.mov(R8, at(RDI, PanelCall.A));
        a.mov(R9, at(RDI, PanelCall.C));
        a.mov(R10, at(RDI, PanelCall.ADD));
        a.mov(R11, at(RDI, PanelCall.PANELS));
        a.mov(RDX, at(RDI, PanelCall.C_ROW));
        a.mov(RCX, at(RDI, PanelCall.ADD_ROW));
        if (finish != null) {
            finish.begin(a);
        }
        Label panel = a.here();
        begin();
        a.mov(RAX, R8);
        a.mov(RSI, at(RDI, PanelCall.B));
        steps();
        store();
        if (finish != null) {
            finish(finish);
        }
        a.add(R8, at(RDI, PanelCall.A_PANEL));
        a.add(R9, at(RDI, PanelCall.C_PANEL));
        a.add(R10, at(RDI, PanelCall.ADD_PANEL));
        a.sub(R11, 1);
        a.jnz(panel);
        if (finish != null) {
            end(finish);
            finish.end(a);
        }
        leave();
        a.pop(RBP);
        a.pop(RBX);
        a.ret();
        if (finish != null) {
            functions(finish);
        }
        return a.code();
    }

    /** Sums begin as what is added, or as 0. */
    private void begin() {
        Label zero = a.label();
        Label begun = a.label();
        a.test(R10, R10);
        a.jz(zero);
        load();
        a.jmp(begun);
        a.bind(zero);
        clear();
        a.bind(begun);
    }

    /** The steps of k; RBX is free. */
    void steps() {
        a.mov(RBX, at(RDI, PanelCall.STEPS));
        Label step = a.here();
        step();
        a.add(RAX, stepOfA);
        a.add(RSI, stepOfB);
        a.sub(RBX, 1);
        a.jnz(step);
    }

    /** Sets what holds for the whole call; what it pushes {@link #leave} pops. */
    abstract void enter();

    /** Sets the sums of a panel to what is added. */
    abstract void load();

    /** Sets the sums of a panel to 0. */
    abstract void clear();

    /** Adds the products of a step of k. */
    abstract void step();

    abstract void store();

    /** What becomes of the sums of a panel, which are stored. */
    void finish(Finish rows) {
        rows.append(a);
    }

    /** What is left to do behind the last panel. */
    void end(Finish rows) {}

    /** What the program calls. */
    void functions(Finish rows) {}

    abstract void leave();
}
