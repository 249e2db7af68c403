package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.Feature;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.matrix.MatrixWork;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.operations.RowPanels;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Attention by machine code, with gradients where a unit has them.
 *
 * @param <P> its programs in one space
 */
public abstract sealed class AttentionUnit<P> implements MatrixUnit permits AmxAttention, FloatAttentionUnit {
    /** More than any model has; programs grow with it. */
    private static final int LARGEST_HEAD = 1024;
    /** Of a row of keys, of which 64 are to be reached by a displacement of 32 bits. */
    private static final int LARGEST_ROW = 1 << 22;

    private record Installed<P>(CodeSpace space, P programs) {}

    private final String name;
    private final List<Feature> features;
    private final MatrixPrecision precision;
    private final Supplier<MachineCode> machine;
    private final Function<CodeSpace, P> encoder;
    private volatile @Nullable Installed<P> installed;

    AttentionUnit(
            String name,
            List<Feature> features,
            MatrixPrecision precision,
            Supplier<MachineCode> machine,
            Function<CodeSpace, P> encoder) {
        this.name = name;
        this.features = features;
        this.precision = precision;
        this.machine = machine;
        this.encoder = encoder;
    }

    /** All of them. */
    public static List<MatrixUnit> all() {
        return List.of(
                new FloatAttentionUnit(VectorWidth.AVX512, MachineCode::ofThisProcess),
                new FloatAttentionUnit(VectorWidth.AVX2, MachineCode::ofThisProcess),
                new AmxAttention(MachineCode::ofThisProcess));
    }

    /**
     * Attention by installed programs.
     *
     * @param panels the layout of the result; null if by rows
     */
    abstract BlockAttention attention(AttentionOp.Attention op, @Nullable RowPanels panels, P programs);

    /** Whether it reads the layouts of the operands. */
    boolean reads(AttentionOp.Attention op) {
        return op.byRows();
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final MatrixPrecision precision() {
        return precision;
    }

    @Override
    public Set<MatrixWork> work() {
        return Set.of(MatrixWork.ATTENTION);
    }

    @Override
    public boolean supports(KernelOp op) {
        return op instanceof AttentionOp.Attention attention && supports(attention.shape()) && reads(attention);
    }

    final boolean supports(AttentionShape shape) {
        return shape.headSize() > 0
                && shape.headSize() <= LARGEST_HEAD
                && (long) shape.keyValueHeads() * shape.headSize() <= LARGEST_ROW
                && missing() == null;
    }

    @Override
    public final @Nullable Packing packing(Matmul op) {
        return null;
    }

    @Override
    public final boolean packs(Packing packing) {
        return false;
    }

    @Override
    public final void pack(Packing packing, MatrixOperand b, MemorySegment from, MemorySegment to, Workers workers) {
        throw new IllegalArgumentException("The matrix unit " + name + " has no layout " + packing + ".");
    }

    @Override
    public final Launch matmul(Matmul op, long[] addresses, Workers workers) {
        throw new IllegalArgumentException("The matrix unit " + name + " has no matmul.");
    }

    @Override
    public final Launch attention(AttentionOp.Attention op, long[] addresses, Workers workers) {
        return launch(op, null, addresses, workers);
    }

    @Override
    public final Launch attention(AttentionOp.Attention op, RowPanels panels, long[] addresses, Workers workers) {
        if (!writes(op, panels)) {
            throw new IllegalArgumentException("No program writes the result of " + op + " as " + panels + ".");
        }
        return launch(op, panels, addresses, workers);
    }

    @Override
    public final boolean writes(KernelOp op, RowPanels panels) {
        return op instanceof AttentionOp.Attention attention
                && supports(attention)
                && takes(attention.shape(), panels)
                && panels.columns()
                        == attention.shape().heads() * attention.shape().headSize();
    }

    /** Whether it takes panels: heads are to be whole steps, as they are written and read alone. */
    abstract boolean takes(AttentionShape shape, RowPanels panels);

    private Launch launch(AttentionOp.Attention op, @Nullable RowPanels panels, long[] addresses, Workers workers) {
        BlockAttention attention = attention(op, panels, programs());
        return new AttentionLaunch(op.shape(), panels, checked(op, addresses), attention, workers);
    }

    static long[] checked(KernelOp op, long[] addresses) {
        if (addresses.length != op.operands().size()) {
            throw new IllegalArgumentException(
                    op.name() + " takes " + op.operands().size() + " operands, found " + addresses.length
                            + " addresses; pass them in the order of operands().");
        }
        return addresses.clone();
    }

    @Override
    public Launch attentionGradient(AttentionOp.AttentionGradient op, long[] addresses, Workers workers) {
        throw new IllegalArgumentException("The matrix unit " + name + " has no gradients of attention.");
    }

    /** What this process or this CPU lacks, or what a computation has shown to be wrong. */
    @Override
    public final Optional<String> selfTest(MatrixWork work) {
        String missing = missing();
        return missing != null ? Optional.of(missing) : MatrixUnit.super.selfTest(work);
    }

    private @Nullable String missing() {
        switch (machine.get()) {
            case MachineCode.Refused(String reason) -> {
                return reason;
            }
            case MachineCode.Allowed allowed -> {
                for (Feature feature : features) {
                    String missing = allowed.features().missing(feature);
                    if (missing != null) {
                        return missing;
                    }
                }
                return null;
            }
        }
    }

    final P programs() {
        if (!(machine.get() instanceof MachineCode.Allowed(var _, CodeSpace space))) {
            throw new IllegalStateException("The matrix unit " + name + " cannot be used in this process.");
        }
        Installed<P> known = installed;
        if (known == null || known.space != space) {
            known = new Installed<>(space, encoder.apply(space));
            installed = known;
        }
        return known.programs;
    }
}
