package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.AttentionConformance;
import io.llm2clip.kernels.cpu.matrix.machine.attention.Avx512Attention;

class EmulatedAttentionTest extends AttentionConformance {
    EmulatedAttentionTest() {
        super(new Avx512Attention(EmulatedMachine::code));
    }
}
