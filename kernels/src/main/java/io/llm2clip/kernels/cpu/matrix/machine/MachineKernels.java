package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.MachineFunction;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The programs of a matrix unit, each encoded when it is first needed, in less than a millisecond. */
final class MachineKernels {
    private record Shape(int rows, int vectors) {}

    private final Map<Shape, MachineFunction> panels = new ConcurrentHashMap<>();
    private final PanelKernel kernel;
    private final int parts;
    private final CodeSpace space;
    final MachineFunction roundRows;
    final MachineFunction roundPairs;

    MachineKernels(PanelKernel kernel, int parts, CodeSpace space) {
        this.kernel = kernel;
        this.parts = parts;
        this.space = space;
        roundRows = space.install("rows rounded to bf16, " + parts + " parts", RoundingKernels.rows(parts));
        roundPairs = space.install("pairs rounded to bf16, " + parts + " parts", RoundingKernels.pairs(parts));
    }

    int parts() {
        return parts;
    }

    /** Most rows of a panel of A. */
    int rows() {
        return kernel.rows(parts);
    }

    /** What multiplies panels of so many rows by a panel of so many columns. */
    MachineFunction panel(int rows, int columns) {
        return panels.computeIfAbsent(
                new Shape(rows, Math.ceilDiv(columns, Tiles.LANES)),
                shape -> space.install(
                        kernel + " of " + shape + ", " + parts + " parts",
                        kernel.code(shape.rows, shape.vectors, parts)));
    }
}
