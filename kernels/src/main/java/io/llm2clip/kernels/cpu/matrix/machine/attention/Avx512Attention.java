package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.Feature;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.matrix.MatrixWork;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Packing;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Attention, without its gradients, in f32 by machine code for AVX-512. */
public final class Avx512Attention implements MatrixUnit {
    private static final String NAME = "avx512-attention";
    /** More than any model has; programs grow with it. */
    private static final int LARGEST_HEAD = 1024;
    /** Of a row of keys, of which 64 are to be reached by a displacement of 32 bits. */
    private static final int LARGEST_ROW = 1 << 22;

    private final Supplier<MachineCode> machine;
    private volatile @Nullable BlockPrograms installed;

    /** Of a process. */
    public Avx512Attention(Supplier<MachineCode> machine) {
        this.machine = machine;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Set<MatrixWork> work() {
        return Set.of(MatrixWork.ATTENTION);
    }

    @Override
    public boolean supports(KernelOp op) {
        return op instanceof AttentionOp.Attention(var shape)
                && shape.headSize() > 0
                && shape.headSize() <= LARGEST_HEAD
                && (long) shape.keyValueHeads() * shape.headSize() <= LARGEST_ROW
                && missing() == null;
    }

    @Override
    public @Nullable Packing packing(Matmul op) {
        return null;
    }

    @Override
    public boolean packs(Packing packing) {
        return false;
    }

    @Override
    public void pack(Packing packing, MatrixOperand b, MemorySegment from, MemorySegment to, Workers workers) {
        throw new IllegalArgumentException("The matrix unit " + NAME + " has no layout " + packing + ".");
    }

    @Override
    public Launch matmul(Matmul op, long[] addresses, Workers workers) {
        throw new IllegalArgumentException("The matrix unit " + NAME + " has no matmul.");
    }

    @Override
    public Launch attention(AttentionOp.Attention op, long[] addresses, Workers workers) {
        if (addresses.length != op.operands().size()) {
            throw new IllegalArgumentException(
                    op.name() + " takes " + op.operands().size() + " operands, found " + addresses.length
                            + " addresses; pass them in the order of operands().");
        }
        return new AttentionLaunch(op.shape(), addresses.clone(), programs(), workers);
    }

    @Override
    public Launch attentionGradient(AttentionOp.AttentionGradient op, long[] addresses, Workers workers) {
        throw new IllegalArgumentException("The matrix unit " + NAME + " has no gradients of attention.");
    }

    /** What this process or this CPU lacks, or what a computation has shown to be wrong. */
    @Override
    public Optional<String> selfTest() {
        String missing = missing();
        return missing != null ? Optional.of(missing) : MatrixUnit.super.selfTest();
    }

    private @Nullable String missing() {
        return switch (machine.get()) {
            case MachineCode.Refused(String reason) -> reason;
            case MachineCode.Allowed allowed -> allowed.features().missing(Feature.AVX512);
        };
    }

    private BlockPrograms programs() {
        if (!(machine.get() instanceof MachineCode.Allowed(var _, CodeSpace space))) {
            throw new IllegalStateException("The matrix unit " + NAME + " cannot be used in this process.");
        }
        BlockPrograms known = installed;
        if (known == null || known.space() != space) {
            known = new BlockPrograms(space);
            installed = known;
        }
        return known;
    }
}
