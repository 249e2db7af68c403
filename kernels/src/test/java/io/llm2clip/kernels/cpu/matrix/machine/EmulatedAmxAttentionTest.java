package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.AttentionConformance;
import io.llm2clip.kernels.cpu.matrix.machine.attention.AmxAttention;

class EmulatedAmxAttentionTest extends AttentionConformance {
    EmulatedAmxAttentionTest() {
        super(new AmxAttention(EmulatedMachine::code));
    }
}
