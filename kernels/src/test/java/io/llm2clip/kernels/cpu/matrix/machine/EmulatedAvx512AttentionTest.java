package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.matrix.AttentionConformance;
import io.llm2clip.kernels.cpu.matrix.machine.attention.FloatAttentionUnit;

class EmulatedAvx512AttentionTest extends AttentionConformance {
    EmulatedAvx512AttentionTest() {
        super(new FloatAttentionUnit(VectorWidth.AVX512, EmulatedMachine::code));
    }
}
