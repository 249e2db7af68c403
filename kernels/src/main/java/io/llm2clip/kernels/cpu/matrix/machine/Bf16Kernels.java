package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.MachineFunction;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Programs that multiply bf16, each encoded when it is first needed, in less than a millisecond. */
final class Bf16Kernels implements MachineKernels {
    private final Map<PanelShape, MachineFunction> panels = new ConcurrentHashMap<>();
    private final Bf16Kernel kernel;
    private final int parts;
    private final CodeSpace space;
    final MachineFunction roundRows;
    final MachineFunction roundPairs;
    final MachineFunction transpose;
    final MachineFunction interleave;

    Bf16Kernels(Bf16Kernel kernel, int parts, CodeSpace space) {
        this.kernel = kernel;
        this.parts = parts;
        this.space = space;
        roundRows = space.install("rows rounded to bf16, " + parts + " parts", RoundingKernels.rows(parts));
        roundPairs = space.install("pairs rounded to bf16, " + parts + " parts", RoundingKernels.pairs(parts));
        transpose = space.install("pairs transposed", PairTransposition.code());
        interleave = space.install("pairs of rows interleaved", PairInterleaving.code());
    }

    int parts() {
        return parts;
    }

    @Override
    public int rows() {
        return kernel.rows(parts);
    }

    @Override
    public int columns() {
        return Tiles.COLUMNS;
    }

    @Override
    public long bytesOfA(int rows, int steps) {
        return Tiles.bytes(rows, steps, parts);
    }

    @Override
    public long bytesOfB(int steps) {
        return Tiles.bytes(Tiles.COLUMNS, steps, parts);
    }

    @Override
    public long scratchBytes() {
        return Bf16Packer.SCRATCH_BYTES;
    }

    @Override
    public PanelPacker packer(long scratch) {
        return Bf16Packer.in(this, scratch);
    }

    @Override
    public boolean finishes() {
        return true;
    }

    @Override
    public MachineFunction panel(PanelShape shape) {
        return panels.computeIfAbsent(
                shape,
                missing -> space.install(
                        kernel + " of " + missing + ", " + parts + " parts", kernel.code(missing, parts)));
    }
}
