package io.llm2clip.kernels.cpu.matrix.scalar;

import io.llm2clip.kernels.cpu.matrix.AttentionConformance;

class ScalarAttentionTest extends AttentionConformance {
    ScalarAttentionTest() {
        super(new ScalarMatrixUnit());
    }
}
