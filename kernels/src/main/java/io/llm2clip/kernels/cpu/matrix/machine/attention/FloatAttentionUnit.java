package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.matrix.MatrixWork;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.RowPanels;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Attention and its gradients in f32 by vectors of either width. */
public final class FloatAttentionUnit extends AttentionUnit<BlockPrograms> {

    /** Of a process. */
    public FloatAttentionUnit(VectorWidth width, Supplier<MachineCode> machine) {
        super(
                switch (width) {
                    case AVX512 -> "avx512-attention";
                    case AVX2 -> "avx2-attention";
                },
                List.of(width.feature()),
                MatrixPrecision.F32,
                machine,
                space -> new BlockPrograms(width, space));
    }

    @Override
    public Set<MatrixWork> work() {
        return Set.of(MatrixWork.ATTENTION, MatrixWork.ATTENTION_GRADIENT);
    }

    @Override
    public boolean supports(KernelOp op) {
        return op instanceof AttentionOp.AttentionGradient(var shape) ? supports(shape) : super.supports(op);
    }

    @Override
    public Launch attentionGradient(AttentionOp.AttentionGradient op, long[] addresses, Workers workers) {
        return new GradientLaunch(op.shape(), checked(op, addresses), programs(), workers);
    }

    /** Of the result; operands are rows. */
    @Override
    boolean takes(AttentionShape shape, RowPanels panels) {
        return panels.format() == RowPanels.Format.F32;
    }

    @Override
    BlockAttention attention(AttentionOp.Attention op, @Nullable RowPanels panels, BlockPrograms programs) {
        return new FloatAttention(op.shape(), panels, programs);
    }
}
