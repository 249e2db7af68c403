package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.MachineFunction;

/** The programs of a matrix unit for a format of B, and the sizes of the panels that they read. */
sealed interface MachineKernels permits Bf16Kernels, ByteKernels {

    /** Most rows of a panel of A. */
    int rows();

    /** Columns of a panel of B. */
    int columns();

    /** Bytes of a panel of A of so many rows. */
    long bytesOfA(int rows, int steps);

    /** Bytes of a panel of B, of all its columns. */
    long bytesOfB(int steps);

    /**
     * Longest part of a k that is summed at once; sums that are to go on wait meanwhile. It changes no bit of them.
     *
     * @param rows of A
     */
    int longestPart(int rows, int k);

    /** What multiplies panels of A by a panel of B; its argument is the address of a {@link PanelCall}. */
    MachineFunction panel(PanelShape shape);

    /** Whether programs can store what an epilogue makes of sums; then they want a block of memory for these. */
    boolean finishes();

    /** Bytes of scratch memory that a {@link #packer} takes, a multiple of 64. */
    long scratchBytes();

    /** What makes panels, with scratch memory that is aligned to 64. */
    PanelPacker packer(long scratch);
}
