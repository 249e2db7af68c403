package io.llm2clip.kernels.cpu.matrix.machine;

class EmulatedPackedAttentionTest extends PackedAttentionConformance {
    EmulatedPackedAttentionTest() {
        super(EmulatedMachine::code);
    }
}
