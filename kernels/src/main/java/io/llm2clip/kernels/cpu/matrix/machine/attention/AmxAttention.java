package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.machine.Feature;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.KernelOp;
import java.util.List;
import java.util.function.Supplier;

/** Attention by AMX tiles of bf16; scores, their softmax and all sums are f32. */
public final class AmxAttention extends AttentionUnit<TilePrograms> {
    private static final List<Feature> FEATURES = List.of(Feature.AVX512, Feature.AVX512_BF16, Feature.AMX_BF16);

    /** Of a process. */
    public AmxAttention(Supplier<MachineCode> machine) {
        super("amx-bf16-attention", FEATURES, MatrixPrecision.BF16, machine, TilePrograms::new);
    }

    /** Greatest scores are sought before they are scaled, so the scale is to be positive. */
    @Override
    public boolean supports(KernelOp op) {
        return super.supports(op)
                && op instanceof AttentionOp.Attention(var shape)
                && shape.scale() > 0
                && shape.scale() < Float.POSITIVE_INFINITY;
    }

    @Override
    BlockAttention attention(AttentionShape shape, TilePrograms programs) {
        return new TileAttention(shape, programs);
    }
}
