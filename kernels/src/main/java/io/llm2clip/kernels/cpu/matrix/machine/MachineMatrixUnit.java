package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.Feature;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.matrix.MatrixWork;
import io.llm2clip.kernels.cpu.matrix.PackArguments;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.operations.RowPanels;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Matmul by instructions that the Vector API does not have, in a precision that only these have. */
public abstract sealed class MachineMatrixUnit implements MatrixUnit permits Bf16MatrixUnit, ByteMatrixUnit {

    /** Programs by the format of B, in the space that they were put to. */
    private record Installed(CodeSpace space, Map<DType, MachineKernels> kernels) {}

    private final String name;
    private final Feature feature;
    private final MatrixPrecision precision;
    private final Supplier<MachineCode> machine;
    private volatile @Nullable Installed installed;

    MachineMatrixUnit(String name, Feature feature, MatrixPrecision precision, Supplier<MachineCode> machine) {
        this.name = name + "-" + precision;
        this.feature = feature;
        this.precision = precision;
        this.machine = machine;
    }

    /** All of them, fastest first within a precision. */
    public static List<MatrixUnit> all() {
        return List.of(
                Bf16MatrixUnit.amx(MatrixPrecision.BF16, MachineCode::ofThisProcess),
                Bf16MatrixUnit.avx512(MatrixPrecision.BF16, MachineCode::ofThisProcess),
                Bf16MatrixUnit.amx(MatrixPrecision.BF16X3, MachineCode::ofThisProcess),
                Bf16MatrixUnit.avx512(MatrixPrecision.BF16X3, MachineCode::ofThisProcess),
                Bf16MatrixUnit.amx(MatrixPrecision.BF16X6, MachineCode::ofThisProcess),
                ByteMatrixUnit.amx(MachineCode::ofThisProcess),
                ByteMatrixUnit.avx512(MachineCode::ofThisProcess),
                ByteMatrixUnit.avxVnni(MachineCode::ofThisProcess),
                ByteMatrixUnit.avx2(MachineCode::ofThisProcess));
    }

    /** Of B. */
    abstract Set<DType> formats();

    /** Whether matrices are stored as panels can be made of them. */
    abstract boolean stored(Matmul op);

    /** Whether epilogues read operands in a layout, where the output has it, too. */
    abstract boolean readsInEpilogue(RowPanels panels);

    /** The name of the layout of packed weights, one for all units that read it. */
    abstract String layout();

    /** The format for which there are programs that multiply by B of a format. */
    abstract DType multiplied(DType format);

    /** Encodes what multiplies by B of such a format. */
    abstract MachineKernels kernels(DType format, CodeSpace space);

    /** Columns of a panel of B. */
    abstract int columns();

    /** Bytes of a panel of B, of all its columns. */
    abstract long panelBytes(DType format, int steps);

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final MatrixPrecision precision() {
        return precision;
    }

    @Override
    public final boolean tiles() {
        return feature.tiles();
    }

    @Override
    public final Set<MatrixWork> work() {
        return Set.of(MatrixWork.MATMUL);
    }

    @Override
    public final boolean supports(KernelOp op) {
        return missing(machine.get()) == null
                && op instanceof Matmul matmul
                && formats().contains(matmul.b().format())
                && stored(matmul)
                && (matmul.b().packing() == null || packs(matmul.b().packing()))
                && (matmul.panels() == null || packs(matmul.panels()))
                && (matmul.panelsOfB() == null || packs(matmul.panelsOfB()))
                && (matmul.epilogue().panels() == null
                        || readsInEpilogue(matmul.epilogue().panels()));
    }

    @Override
    public final boolean packs(Packing packing) {
        return packing.unit().equals(layout());
    }

    /** Weights are packed once, where they are stored as rows of k. */
    @Override
    public final @Nullable Packing packing(Matmul op) {
        MatrixOperand b = op.b();
        if (!b.transposed()
                || op.batch() != 1
                || op.n() == 0
                || op.k() == 0
                || !formats().contains(b.format())) {
            return null;
        }
        long panels = Math.ceilDiv(op.n(), columns());
        long bytes = Math.multiplyExact(panels, panelBytes(b.format(), Tiles.steps(op.k())));
        return new Packing(layout(), b.format(), op.n(), op.k(), columns(), bytes);
    }

    @Override
    public final void pack(Packing packing, MatrixOperand b, MemorySegment from, MemorySegment to, Workers workers) {
        PackArguments.require(layout(), packing, b, from, to);
        MachineKernels kernels = kernels(packing.format());
        long panelBytes = kernels.bytesOfB(Tiles.steps(packing.k()));
        workers.parallel(Math.ceilDiv(packing.n(), columns()), (panel, worker) -> {
            PanelPacker packer = kernels.packer(workers.scratch(worker, kernels.scratchBytes()));
            int column = panel * columns();
            int columns = Math.min(columns(), packing.n() - column);
            packer.columns(b, from.address(), 0, 0, packing.k(), column, columns, to.address() + panel * panelBytes);
        });
    }

    @Override
    public final Launch matmul(Matmul op, long[] addresses, Workers workers) {
        if (addresses.length != op.operands().size()) {
            throw new IllegalArgumentException(
                    op.name() + " takes " + op.operands().size() + " operands, found " + addresses.length
                            + " addresses; pass them in the order of operands().");
        }
        return new MachineMatmul(op, null, addresses.clone(), kernels(op.b().format()), workers);
    }

    @Override
    public final Launch attention(AttentionOp.Attention op, long[] addresses, Workers workers) {
        throw new IllegalArgumentException("The matrix unit " + name + " has no attention.");
    }

    @Override
    public final Launch attentionGradient(AttentionOp.AttentionGradient op, long[] addresses, Workers workers) {
        throw new IllegalArgumentException("The matrix unit " + name + " has no gradients of attention.");
    }

    /** What this process or this CPU lacks, or what a computation has shown to be wrong. */
    @Override
    public final Optional<String> selfTest(MatrixWork work) {
        String missing = missing(machine.get());
        return missing != null ? Optional.of(missing) : MatrixUnit.super.selfTest(work);
    }

    private @Nullable String missing(MachineCode code) {
        return switch (code) {
            case MachineCode.Refused(String reason) -> reason;
            case MachineCode.Allowed allowed -> allowed.features().missing(feature);
        };
    }

    /** The programs for a format of B, in the space of this process. */
    final MachineKernels kernels(DType format) {
        if (!(machine.get() instanceof MachineCode.Allowed(var _, CodeSpace space))) {
            throw new IllegalStateException("The matrix unit " + name + " cannot be used in this process.");
        }
        Installed known = installed;
        if (known == null || known.space != space) {
            known = new Installed(space, new ConcurrentHashMap<>());
            installed = known;
        }
        return known.kernels.computeIfAbsent(multiplied(format), other -> kernels(other, space));
    }
}
