package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.matrix.RowPacker;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.kernels.operations.RowPanels.Format;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Matmul in bf16, or in three or six products of it, which are fewer where B is stored in few bits. Quantized weights are left to other units: in
 * bf16 they would take two or four times their memory.
 */
final class Bf16MatrixUnit extends MachineMatrixUnit {
    private static final Set<DType> FORMATS_OF_B = Set.of(DType.F32, DType.BF16, DType.F16);

    private final Bf16Kernel kernel;
    private final Format elements;

    private Bf16MatrixUnit(String name, Bf16Kernel kernel, MatrixPrecision precision, Supplier<MachineCode> machine) {
        super(name, kernel.feature(), precision, machine);
        this.kernel = kernel;
        elements = Format.valueOf(precision.name());
    }

    static Bf16MatrixUnit amx(MatrixPrecision precision, Supplier<MachineCode> machine) {
        return new Bf16MatrixUnit("amx", new AmxKernel(), precision, machine);
    }

    static Bf16MatrixUnit avx512(MatrixPrecision precision, Supplier<MachineCode> machine) {
        return new Bf16MatrixUnit("avx512", new Avx512Kernel(), precision, machine);
    }

    @Override
    Set<DType> formats() {
        return FORMATS_OF_B;
    }

    @Override
    boolean stored(Matmul op) {
        return true;
    }

    @Override
    boolean readsInEpilogue(RowPanels panels) {
        return elements == Format.BF16 && packs(panels);
    }

    @Override
    String layout() {
        return "tiles-" + precision();
    }

    /** A matrix that is read as it is stored is worth packing once; one of several, or a transposed one, is not written by rows of k. */
    @Override
    public @Nullable RowPanels panels(Matmul op) {
        boolean matrix = op.batch() == 1 && op.m() > 0 && op.k() > 0;
        return matrix && !op.a().transposed() && op.a().leadingDimension() == op.k() && supports(op)
                ? RowPanels.balanced(op.m(), op.k(), rows(), elements)
                : null;
    }

    @Override
    public @Nullable RowPanels panelsOfB(Matmul op) {
        boolean matrix = op.batch() == 1 && op.k() > 0 && op.n() > 0;
        return matrix && op.b().equals(MatrixOperand.dense(DType.F32, false, op.k(), op.n())) && supports(op)
                ? RowPanels.balanced(op.k(), op.n(), rows(), elements)
                : null;
    }

    @Override
    public boolean packs(RowPanels panels) {
        return panels.format() == elements && panels.panelRows() <= rows();
    }

    /** Most rows of a panel. */
    private int rows() {
        return kernel.rows(elements.parts());
    }

    /** Blocks of the output are steps of panels of as many rows. */
    @Override
    public boolean writes(KernelOp op, RowPanels panels) {
        return op instanceof Matmul matmul
                && supports(matmul)
                && matmul.batch() == 1
                && panels.equals(RowPanels.balanced(matmul.m(), matmul.n(), rows(), elements))
                && (matmul.panels() == null || matmul.panels().panelRows() == panels.panelRows())
                && (matmul.epilogue().panels() == null
                        || panels.equals(matmul.epilogue().panels()))
                && Finish.encodes(matmul.epilogue());
    }

    /** Programs that finish sums read an element of what is added and write that of the result; sums that wait are elsewhere. */
    @Override
    public boolean overwrites(Matmul op) {
        return supports(op) && Finish.encodes(op.epilogue());
    }

    @Override
    public Launch matmul(Matmul op, RowPanels panels, long[] addresses, Workers workers) {
        return new MachineMatmul(op, panels, addresses.clone(), kernels(op.b().format()), workers);
    }

    @Override
    public RowPacker packer(RowPanels panels, long address) {
        if (!packs(panels)) {
            throw new IllegalArgumentException("Packing rows as " + panels + ", expected a layout of " + name() + ".");
        }
        return new Bf16RowPacker(panels, (Bf16Kernels) kernels(DType.F32), address);
    }

    @Override
    int columns() {
        return Tiles.COLUMNS;
    }

    @Override
    long panelBytes(DType format, int steps) {
        return Tiles.bytes(Tiles.COLUMNS, steps, Parts.of(elements, format).ofB());
    }

    /** All are widened to f32 before they are rounded, but some need less parts then. */
    @Override
    DType multiplied(DType format) {
        return Parts.of(elements, format).equals(Parts.of(elements, DType.F32)) ? DType.F32 : format;
    }

    @Override
    MachineKernels kernels(DType format, CodeSpace space) {
        return new Bf16Kernels(kernel, Parts.of(elements, format), space);
    }
}
