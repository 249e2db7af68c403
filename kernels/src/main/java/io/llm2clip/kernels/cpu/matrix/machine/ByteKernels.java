package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.MachineFunction;
import io.llm2clip.kernels.cpu.matrix.BlockPanels;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Programs that multiply bytes by weights of one format, each encoded when it is first needed, in less than a millisecond. */
final class ByteKernels implements MachineKernels {
    /**
     * Bytes of a row of A in a step: 32 of numbers, an f32 scale, and an i32 that is added to the row's dot products, or, where columns have
     * a minimum, the f32 that it is multiplied by: the sum of the numbers, scaled.
     */
    static final int ROW_OF_A = Tiles.STEP + 2 * Float.BYTES;

    /** Sums wait in the output. */
    private static final int MAX_K = 2048;

    private final Map<Integer, MachineFunction> panels = new ConcurrentHashMap<>();
    private final ByteKernel kernel;
    private final DType format;
    private final CodeSpace space;
    final MachineFunction quantize;

    ByteKernels(ByteKernel kernel, DType format, CodeSpace space) {
        this.kernel = kernel;
        this.format = format;
        this.space = space;
        quantize = space.install("rows quantized for " + format, kernel.quantize(format));
    }

    /** What is taken from a stored weight, as bits: {@code 8} for nibbles; bytes are made unsigned by adding {@code 128}. */
    static int offsetBits(DType format) {
        return format == DType.Q8 ? 7 : 3;
    }

    DType format() {
        return format;
    }

    @Override
    public int rows() {
        return kernel.rows();
    }

    @Override
    public int columns() {
        return BlockPanels.COLUMNS;
    }

    @Override
    public long bytesOfA(int rows, int steps) {
        return (long) rows * steps * ROW_OF_A;
    }

    @Override
    public long bytesOfB(int steps) {
        return BlockPanels.panelBytes(format, steps);
    }

    @Override
    public int longestPart(int rows, int k) {
        return MAX_K;
    }

    @Override
    public long scratchBytes() {
        return QuantizeCall.BYTES;
    }

    @Override
    public PanelPacker packer(long scratch) {
        return BytePacker.in(this, scratch);
    }

    @Override
    public boolean finishes() {
        return false;
    }

    @Override
    public MachineFunction panel(PanelShape shape) {
        return panels.computeIfAbsent(
                shape.rows(),
                height ->
                        space.install(kernel + " of " + height + " rows, " + format, kernel.multiply(height, format)));
    }
}
