package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.matrix.PackArguments;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Packing;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Matmul in bf16, or in three products of it, by instructions that the Vector API does not have. Quantized weights are left to other units:
 * in bf16 they would take two or four times their memory.
 */
public final class MachineMatrixUnit implements MatrixUnit {
    private static final Set<DType> FORMATS_OF_B = Set.of(DType.F32, DType.BF16, DType.F16);

    /** Programs, in the space that they were put to. */
    private record Installed(CodeSpace space, MachineKernels kernels) {}

    private final String name;
    private final PanelKernel kernel;
    private final MatrixPrecision precision;
    private final Supplier<MachineCode> machine;
    private volatile @Nullable Installed installed;

    private MachineMatrixUnit(
            String name, PanelKernel kernel, MatrixPrecision precision, Supplier<MachineCode> machine) {
        this.name = name + "-" + precision;
        this.kernel = kernel;
        this.precision = precision;
        this.machine = machine;
    }

    /** All of them, fastest first within a precision. */
    public static List<MatrixUnit> all() {
        return List.of(
                amx(MatrixPrecision.BF16, MachineCode::ofThisProcess),
                avx512(MatrixPrecision.BF16, MachineCode::ofThisProcess),
                amx(MatrixPrecision.BF16X3, MachineCode::ofThisProcess),
                avx512(MatrixPrecision.BF16X3, MachineCode::ofThisProcess));
    }

    static MachineMatrixUnit amx(MatrixPrecision precision, Supplier<MachineCode> machine) {
        return new MachineMatrixUnit("amx", new AmxKernel(), precision, machine);
    }

    static MachineMatrixUnit avx512(MatrixPrecision precision, Supplier<MachineCode> machine) {
        return new MachineMatrixUnit("avx512", new Avx512Kernel(), precision, machine);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public MatrixPrecision precision() {
        return precision;
    }

    @Override
    public boolean supports(KernelOp op) {
        return missing(machine.get()) == null
                && op instanceof Matmul matmul
                && FORMATS_OF_B.contains(matmul.b().format())
                && (matmul.b().packing() == null || packs(matmul.b().packing()));
    }

    @Override
    public boolean packs(Packing packing) {
        return packing.unit().equals(layout());
    }

    /** One layout for all kernels of a precision. */
    private String layout() {
        return "tiles-" + precision;
    }

    /** Weights are rounded once, where they are stored as rows of k. */
    @Override
    public @Nullable Packing packing(Matmul op) {
        MatrixOperand b = op.b();
        if (!b.transposed() || op.batch() != 1 || op.n() == 0 || op.k() == 0 || !FORMATS_OF_B.contains(b.format())) {
            return null;
        }
        int columns = Math.ceilDiv(op.n(), Tiles.COLUMNS) * Tiles.COLUMNS;
        long bytes = Tiles.bytes(columns, Tiles.steps(op.k()), parts());
        return new Packing(layout(), b.format(), op.n(), op.k(), Tiles.COLUMNS, bytes);
    }

    @Override
    public void pack(Packing packing, MatrixOperand b, MemorySegment from, MemorySegment to, Workers workers) {
        PackArguments.require(layout(), packing, b, from, to);
        MachineKernels kernels = kernels();
        long panelBytes = Tiles.bytes(Tiles.COLUMNS, Tiles.steps(packing.k()), kernels.parts());
        workers.parallel(Math.ceilDiv(packing.n(), Tiles.COLUMNS), (panel, worker) -> {
            PanelPacker packer = PanelPacker.in(kernels, workers.scratch(worker, PanelPacker.SCRATCH_BYTES));
            int column = panel * Tiles.COLUMNS;
            int columns = Math.min(Tiles.COLUMNS, packing.n() - column);
            packer.columns(b, from.address(), 0, 0, packing.k(), column, columns, to.address() + panel * panelBytes);
        });
    }

    @Override
    public Launch matmul(Matmul op, long[] addresses, Workers workers) {
        if (addresses.length != op.operands().size()) {
            throw new IllegalArgumentException(
                    op.name() + " takes " + op.operands().size() + " operands, found " + addresses.length
                            + " addresses; pass them in the order of operands().");
        }
        return new MachineMatmul(op, addresses.clone(), kernels(), workers);
    }

    @Override
    public Launch attention(AttentionOp.Attention op, long[] addresses, Workers workers) {
        throw new IllegalArgumentException("The matrix unit " + name + " has no attention.");
    }

    @Override
    public Launch attentionGradient(AttentionOp.AttentionGradient op, long[] addresses, Workers workers) {
        throw new IllegalArgumentException("The matrix unit " + name + " has no gradients of attention.");
    }

    /** What this process or this CPU lacks, or what a computation has shown to be wrong. */
    @Override
    public Optional<String> selfTest() {
        String missing = missing(machine.get());
        return missing != null ? Optional.of(missing) : MatrixUnit.super.selfTest();
    }

    private @Nullable String missing(MachineCode code) {
        return switch (code) {
            case MachineCode.Refused(String reason) -> reason;
            case MachineCode.Allowed allowed -> allowed.features().missing(kernel.feature());
        };
    }

    private int parts() {
        return precision == MatrixPrecision.BF16X3 ? 2 : 1;
    }

    private MachineKernels kernels() {
        if (!(machine.get() instanceof MachineCode.Allowed(var _, CodeSpace space))) {
            throw new IllegalStateException("The matrix unit " + name + " cannot be used in this process.");
        }
        Installed known = installed;
        if (known == null || known.space != space) {
            known = new Installed(space, new MachineKernels(kernel, parts(), space));
            installed = known;
        }
        return known.kernels;
    }
}
