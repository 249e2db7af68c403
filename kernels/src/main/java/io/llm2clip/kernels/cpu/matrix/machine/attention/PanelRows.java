package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.operations.RowPanels;
import java.lang.foreign.MemorySegment;

/**
 * Rows of an operand of attention that is in panels; heads are whole steps.
 *
 * @param address of the panels
 */
record PanelRows(RowPanels panels, long address) {

    /** Rows of one panel. */
    interface Part {
        /**
         * Takes them.
         *
         * @param done rows that others have taken
         * @param rows how many there are
         * @param at address of the first row's first step
         * @param step bytes to its next step; rows of a step are {@link RowPanels.Format#rowBytes} apart
         */
        void take(int done, int rows, long at, long step);
    }

    /** Goes through rows, from a channel on. */
    void forEach(long first, int rows, int channel, Part part) {
        int row = Math.toIntExact(first);
        for (int done = 0; done < rows; ) {
            int next = row + done;
            int before = next % panels.panelRows();
            int ofPanel = panels.rowsFrom(next - before);
            int some = Math.min(rows - done, ofPanel - before);
            part.take(
                    done,
                    some,
                    address + panels.offset(next, channel, 0),
                    panels.format().parts() * rowBytes(ofPanel));
            done += some;
        }
    }

    /**
     * Copies rows step by step.
     *
     * @param toStep bytes from the rows of a step to those of the next one there
     */
    void copy(long first, int rows, int channel, int channels, long to, long toStep) {
        forEach(first, rows, channel, (done, some, at, step) -> {
            for (int s = 0; s < channels / panels.format().step(); s++) {
                long target = to + s * toStep + rowBytes(done);
                MemorySegment.copy(Memory.ALL, at + s * step, Memory.ALL, target, rowBytes(some));
            }
        });
    }

    /** Sets rows to 0. */
    void clear(long first, int rows, int channel, int channels) {
        forEach(first, rows, channel, (_, some, at, step) -> {
            for (int s = 0; s < channels / panels.format().step(); s++) {
                Memory.ALL.asSlice(at + s * step, rowBytes(some)).fill((byte) 0);
            }
        });
    }

    /** Bytes of rows in a step. */
    private long rowBytes(int rows) {
        return (long) rows * panels.format().rowBytes();
    }
}
