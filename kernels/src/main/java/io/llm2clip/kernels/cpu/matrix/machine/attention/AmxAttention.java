package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.machine.Feature;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.kernels.operations.RowPanels.Format;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Attention by AMX tiles of bf16; scores, their softmax and all sums are f32. */
public final class AmxAttention extends AttentionUnit<TilePrograms> {
    private static final List<Feature> FEATURES = List.of(Feature.AVX512, Feature.AVX512_BF16, Feature.AMX_BF16);

    /** Of a process. */
    public AmxAttention(Supplier<MachineCode> machine) {
        super("amx-bf16-attention", FEATURES, MatrixPrecision.BF16, machine, TilePrograms::new);
    }

    @Override
    public boolean tiles() {
        return true;
    }

    /** Greatest scores are sought before they are scaled, so the scale is to be positive. */
    @Override
    public boolean supports(KernelOp op) {
        return super.supports(op)
                && op instanceof AttentionOp.Attention attention
                && attention.shape().scale() > 0
                && attention.shape().scale() < Float.POSITIVE_INFINITY;
    }

    @Override
    boolean reads(AttentionOp.Attention op) {
        return Stream.of(op.q(), op.k(), op.v()).allMatch(panels -> panels == null || takes(op.shape(), panels));
    }

    @Override
    boolean takes(AttentionShape shape, RowPanels panels) {
        return panels.format() == Format.BF16 && shape.headSize() % Format.BF16.step() == 0;
    }

    /** In panels that matmuls write. */
    @Override
    public @Nullable RowPanels panels(AttentionOp.Attention op, int operand) {
        AttentionShape shape = op.shape();
        int columns = shape.headSize() * (operand == 0 ? shape.heads() : shape.keyValueHeads());
        int rows = shape.ragged() ? shape.queries() : shape.batch() * (operand == 0 ? shape.queries() : shape.keys());
        if (rows == 0 || !supports(op)) {
            return null;
        }
        RowPanels panels = RowPanels.balanced(rows, columns, TileShape.PANEL, Format.BF16);
        return takes(shape, panels) ? panels : null;
    }

    @Override
    BlockAttention attention(AttentionOp.Attention op, @Nullable RowPanels panels, TilePrograms programs) {
        return new TileAttention(op, panels, programs);
    }
}
