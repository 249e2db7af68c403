package io.llm2clip.tensor.internal.host;

import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.PackedKernels;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.internal.compiler.Target;
import org.jspecify.annotations.Nullable;

/** The layouts that the matrix units in use prefer. */
final class HostPackings implements Target.Packings {

    @Override
    public @Nullable Packing of(Matmul op, Precision precision) {
        return CpuKernels.packing(op, HostPrecisions.of(precision));
    }

    @Override
    public @Nullable RowPanels panels(Matmul op, Precision precision) {
        return CpuKernels.panels(op, HostPrecisions.of(precision));
    }

    @Override
    public @Nullable RowPanels panels(AttentionOp.Attention op, int operand, Precision precision) {
        return CpuKernels.panels(op, operand, HostPrecisions.of(precision));
    }

    @Override
    public @Nullable RowPanels panelsOfB(Matmul op, Precision precision) {
        return CpuKernels.panelsOfB(op, HostPrecisions.of(precision));
    }

    @Override
    public boolean writes(KernelOp op, Precision precision, RowPanels panels) {
        return PackedKernels.writes(op, HostPrecisions.of(precision), panels);
    }

    @Override
    public boolean overwrites(KernelOp op, Precision precision) {
        return PackedKernels.overwrites(op, HostPrecisions.of(precision));
    }
}
