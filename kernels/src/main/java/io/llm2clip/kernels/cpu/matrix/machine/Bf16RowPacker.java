package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.RowPacker;
import io.llm2clip.kernels.cpu.runtime.PerWorker;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import io.llm2clip.kernels.operations.RowPanels;

/** Rounds rows into panels. */
final class Bf16RowPacker implements RowPacker {
    private final RowPanels panels;
    private final Bf16Kernels kernels;
    private final long address;
    private final PerWorker<Scratch> calls = new PerWorker<>(() -> new Scratch(RoundingKernels.BYTES));

    /** @param address of the packed matrix */
    Bf16RowPacker(RowPanels panels, Bf16Kernels kernels, long address) {
        this.panels = panels;
        this.kernels = kernels;
        this.address = address;
    }

    /** So many are rounded at once. */
    @Override
    public int together() {
        return Bf16Packer.ROWS;
    }

    @Override
    public void pack(long from, long rowBytes, int row, int rows, int worker) {
        Scratch call = calls.get(worker);
        Bf16Packer packer = new Bf16Packer(kernels, call.address());
        for (int done = 0; done < rows; ) {
            int next = row + done;
            int ofPanel = next % panels.panelRows();
            int panelRows = panels.rowsFrom(next - ofPanel);
            int some = Math.min(rows - done, panelRows - ofPanel);
            long to = address + panels.offset(next, 0, 0);
            packer.roundRows(kernels.ofA, from + done * rowBytes, rowBytes, some, panels.columns(), to, panelRows);
            done += some;
        }
        call.keepAlive();
    }
}
