package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.machine.Feature;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.operations.AttentionShape;
import java.util.List;
import java.util.function.Supplier;

/** Attention in f32 by AVX-512. */
public final class Avx512Attention extends AttentionUnit<BlockPrograms> {

    /** Of a process. */
    public Avx512Attention(Supplier<MachineCode> machine) {
        super("avx512-attention", List.of(Feature.AVX512), MatrixPrecision.F32, machine, BlockPrograms::new);
    }

    @Override
    BlockAttention attention(AttentionShape shape, BlockPrograms programs) {
        return new FloatAttention(shape, programs);
    }
}
