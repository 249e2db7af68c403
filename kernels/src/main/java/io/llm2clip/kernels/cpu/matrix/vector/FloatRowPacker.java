package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.cpu.matrix.RowPacker;
import io.llm2clip.kernels.cpu.matrix.f32.FloatCode;
import io.llm2clip.kernels.cpu.runtime.PerWorker;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import io.llm2clip.kernels.operations.RowPanels;

/** Transposes rows of f32 into panels. */
final class FloatRowPacker implements RowPacker {
    private final TiledRows tiles;
    private final FloatCode code;
    private final PerWorker<Scratch> calls = new PerWorker<>(() -> new Scratch(FloatCode.CALL_BYTES));

    FloatRowPacker(RowPanels panels, FloatCode code, long address) {
        tiles = TiledRows.of(panels, address);
        this.code = code;
    }

    @Override
    public int together() {
        return tiles.panels().panelRows();
    }

    @Override
    public void pack(long from, long rowBytes, int row, int rows, int worker) {
        Scratch call = calls.get(worker);
        int columns = tiles.panels().columns();
        code.packRows(false, from, rowBytes, rows, columns, tiles.at(0, row, 0), call.address());
        call.keepAlive();
    }
}
