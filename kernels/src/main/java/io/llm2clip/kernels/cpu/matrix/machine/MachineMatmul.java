package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.machine.expression.ExpressionAssembly;
import io.llm2clip.kernels.cpu.matrix.BlockEpilogue;
import io.llm2clip.kernels.cpu.matrix.OutputBlock;
import io.llm2clip.kernels.cpu.matrix.Section;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Epilogue;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.RowPanels;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A matmul section by section: panels of A and B are made, by all threads, unless they are there, then multiplied block by block of the
 * output.
 */
final class MachineMatmul implements Launch {
    /** Most memory for panels. */
    private static final long SECTION_BYTES = 96L << 20;

    final Matmul op;
    final MachineKernels kernels;
    final BlockEpilogue epilogue;
    /** Rows of a panel of A; panels are as equal as can be, so that the last is not much work for few rows. */
    final int panelRows;
    /** Length of the parts of k. */
    final int part;
    /** What programs make of the sums; null if they store them. */
    final @Nullable Epilogue finish;
    /** Its constants. */
    final float[] constants;
    /** Whether the epilogue is not left to programs. */
    final boolean evaluated;
    /** The layout of the output, where it is packed, and its address. */
    final @Nullable RowPanels packed;

    final long out;

    private final long a;
    private final long b;
    private final Workers workers;
    private final List<Section> sections;

    /** @param packed a layout of the output of panels of {@link #panelRows}; null if by rows */
    MachineMatmul(Matmul op, @Nullable RowPanels packed, long[] addresses, MachineKernels kernels, Workers workers) {
        this.op = op;
        this.a = addresses[0];
        this.b = addresses[1];
        this.kernels = kernels;
        this.workers = workers;
        epilogue = new BlockEpilogue(op, addresses);
        boolean encoded = kernels.finishes() && Finish.encodes(op.epilogue());
        Epilogue finished = encoded ? op.epilogue() : Epilogue.NONE;
        finish = kernels.finishes() ? new Epilogue(finished.expression().shape(), finished.extras()) : null;
        constants = ExpressionAssembly.constants(finished.expression());
        evaluated = !encoded;
        panelRows = op.panels() == null ? panelRows(op, kernels) : op.panels().panelRows();
        this.packed = packed;
        out = addresses[addresses.length - 1];
        if (op.epilogue().panels() != null && !op.epilogue().panels().equals(packed)) {
            throw new IllegalArgumentException(
                    "No program reads extra operands of " + op + " where its result is not packed alike.");
        }
        if (packed != null && (evaluated || packed.panelRows() != panelRows)) {
            throw new IllegalArgumentException("No program writes the result of " + op + " as " + packed + ".");
        }
        int steps = Tiles.steps(op.k());
        part = TaskGrid.partOf(op.k(), kernels.longestPart(op.m(), op.k()));
        long bytesOfRow = op.panels() == null ? kernels.bytesOfA(1, steps) : 0;
        long bytesOfColumn = op.b().packing() == null ? kernels.bytesOfB(steps) / kernels.columns() : 0;
        sections = Section.of(op, panelRows, kernels.columns(), bytesOfRow, bytesOfColumn, SECTION_BYTES);
    }

    private static int panelRows(Matmul op, MachineKernels kernels) {
        return Math.max(1, Math.ceilDiv(op.m(), Math.max(1, Math.ceilDiv(op.m(), kernels.rows()))));
    }

    @Override
    public void run() {
        for (Section section : sections) {
            long bytes = new SectionPanels(op, kernels, section, panelRows, a, b, 0).bytes();
            workers.sharing(bytes, memory -> run(new SectionPanels(op, kernels, section, panelRows, a, b, memory)));
        }
    }

    private void run(SectionPanels panels) {
        workers.parallel(
                panels.count(),
                (number, worker) ->
                        panels.pack(number, kernels.packer(workers.scratch(worker, kernels.scratchBytes()))));
        Section section = panels.section();
        TaskGrid grid = TaskGrid.of(
                section,
                op.k(),
                panelRows,
                kernels.columns(),
                kernels.bytesOfA(panelRows, part / Tiles.STEP),
                workers.threads());
        TaskLanes lanes = new TaskLanes(grid.tasks(section), workers.threads());
        workers.parallel(workers.threads(), (number, worker) -> {
            for (int task = lanes.take(worker); task != TaskLanes.NONE; task = lanes.take(worker)) {
                multiply(panels, grid.block(section, task), worker);
            }
        });
    }

    private void multiply(SectionPanels panels, OutputBlock block, int worker) {
        BlockProduct product = new BlockProduct(this, panels, block);
        product.run(workers.scratch(worker, product.scratchBytes()));
        if (evaluated) {
            epilogue.apply(block, worker);
        }
    }

    void putConstants(long call) {
        MemorySegment.copy(constants, 0, ALL, JAVA_FLOAT, call + PanelCall.CONSTANTS, constants.length);
    }
}
