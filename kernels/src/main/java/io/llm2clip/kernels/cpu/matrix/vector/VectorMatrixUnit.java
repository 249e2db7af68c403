package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.matrix.BlockPanels;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.matrix.PackArguments;
import io.llm2clip.kernels.cpu.matrix.RowPacker;
import io.llm2clip.kernels.cpu.matrix.f32.FloatCode;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.VectorMath;
import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.kernels.operations.RowPanels.Format;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Matmul and attention in f32 by the Vector API; on every machine. */
public final class VectorMatrixUnit implements MatrixUnit {

    @Override
    public String name() {
        return "vector";
    }

    @Override
    public boolean supports(KernelOp op) {
        return switch (op) {
            case Matmul matmul -> {
                Packing packing = matmul.b().packing();
                yield (matmul.panels() == null || packs(matmul.panels()))
                        && matmul.panelsOfB() == null
                        && matmul.epilogue().panels() == null
                        && (packing == null || packs(packing));
            }
            case AttentionOp.Attention attention -> attention.byRows();
            case AttentionOp.AttentionGradient _ -> true;
            default -> false;
        };
    }

    /** Weights are packed where their rows would have to be transposed in every call. */
    @Override
    public @Nullable Packing packing(Matmul op) {
        MatrixOperand b = op.b();
        if (!b.transposed() || op.batch() != 1 || op.n() == 0 || op.k() == 0) {
            return null;
        }
        if (b.format().isQuantized()) {
            return BlockPanels.packing(b.format(), op.n(), op.k());
        }
        long bytes = b.format().bytes((long) op.k() * PackedB.padded(op.n()));
        return new Packing(layout(), b.format(), op.n(), op.k(), MicroKernel.COLUMNS, bytes);
    }

    /** Machine code packs panels about as fast as memory is read. */
    @Override
    public boolean readsRows(Matmul op) {
        return op.b().format() == DType.F32 && code() != null;
    }

    /** Machine code reads tiles of rows; a matrix that is read as it is stored is worth packing once. */
    @Override
    public @Nullable RowPanels panels(Matmul op) {
        FloatCode code = code();
        boolean matrix = op.batch() == 1 && op.m() > 0 && op.k() > 0;
        return code != null && matrix && !op.a().transposed() && op.a().leadingDimension() == op.k() && supports(op)
                ? RowPanels.balanced(op.m(), op.k(), code.rows(), Format.F32)
                : null;
    }

    @Override
    public boolean packs(RowPanels panels) {
        FloatCode code = code();
        return code != null && panels.format() == Format.F32 && panels.panelRows() <= code.rows();
    }

    @Override
    public RowPacker packer(RowPanels panels, long address) {
        FloatCode code = code();
        if (code == null || !packs(panels)) {
            throw new IllegalArgumentException("Packing rows as " + panels + ", expected a layout of " + name() + ".");
        }
        return new FloatRowPacker(panels, code, address);
    }

    /** Tiles of the output are panels of as many rows. */
    @Override
    public boolean writes(KernelOp op, RowPanels panels) {
        FloatCode code = code();
        return op instanceof Matmul matmul
                && code != null
                && supports(matmul)
                && packs(panels)
                && matmul.batch() == 1
                && panels.rows() == matmul.m()
                && panels.columns() == matmul.n()
                && panels.panelRows() == FloatMatmul.tile(matmul, code);
    }

    private static @Nullable FloatCode code() {
        return FloatCode.ofThisProcess(Vectors.LANES);
    }

    @Override
    public boolean packs(Packing packing) {
        return packing.unit().equals(packing.format().isQuantized() ? BlockPanels.LAYOUT : layout());
    }

    @Override
    public void pack(Packing packing, MatrixOperand b, MemorySegment from, MemorySegment to, Workers workers) {
        if (packing.format().isQuantized()) {
            BlockPanels.pack(packing, b, from, to, workers);
            return;
        }
        PackArguments.require(layout(), packing, b, from, to);
        new Packer(packing, b, from.address(), to.address(), workers).pack();
    }

    @Override
    public boolean unpacks(Packing packing) {
        return packs(packing);
    }

    @Override
    public void unpack(Packing packing, MemorySegment from, MemorySegment to, Workers workers) {
        if (packing.format().isQuantized()) {
            BlockPanels.unpack(packing, from, to, workers);
            return;
        }
        PackArguments.requireUnpackable(layout(), packing, from, to);
        new Unpacker(packing, from.address(), to.address()).unpack(workers);
    }

    @Override
    public Launch matmul(Matmul op, long[] addresses, Workers workers) {
        FloatCode code = code();
        return code == null
                ? new BlockedMatmul(op, checked(op, addresses), workers)
                : new FloatMatmul(op, null, checked(op, addresses), code, workers);
    }

    @Override
    public Launch matmul(Matmul op, RowPanels panels, long[] addresses, Workers workers) {
        FloatCode code = code();
        if (code == null || !writes(op, panels)) {
            throw new IllegalArgumentException("No program writes the result of " + op + " as " + panels + ".");
        }
        return new FloatMatmul(op, panels, checked(op, addresses), code, workers);
    }

    @Override
    public Launch attention(AttentionOp.Attention op, long[] addresses, Workers workers) {
        return new AttentionKernel(op.shape(), checked(op, addresses), workers);
    }

    @Override
    public Launch attentionGradient(AttentionOp.AttentionGradient op, long[] addresses, Workers workers) {
        return new AttentionGradientKernel(op.shape(), checked(op, addresses), workers);
    }

    /** Panels depend on the width of vectors. */
    private static String layout() {
        return "vector-" + VectorMath.SPECIES.vectorBitSize();
    }

    private static long[] checked(KernelOp op, long[] addresses) {
        if (addresses.length != op.operands().size()) {
            throw new IllegalArgumentException(
                    op.name() + " takes " + op.operands().size() + " operands, found " + addresses.length
                            + " addresses; pass them in the order of operands().");
        }
        return addresses.clone();
    }
}
