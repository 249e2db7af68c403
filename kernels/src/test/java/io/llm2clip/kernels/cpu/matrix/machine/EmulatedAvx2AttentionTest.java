package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.matrix.AttentionConformance;
import io.llm2clip.kernels.cpu.matrix.machine.attention.FloatAttentionUnit;

class EmulatedAvx2AttentionTest extends AttentionConformance {
    EmulatedAvx2AttentionTest() {
        super(new FloatAttentionUnit(VectorWidth.AVX2, EmulatedMachine::code));
    }
}
