package io.llm2clip.kernels.cpu.matrix.scalar;

import io.llm2clip.kernels.cpu.matrix.MatmulConformance;

class ScalarMatrixUnitTest extends MatmulConformance {
    ScalarMatrixUnitTest() {
        super(new ScalarMatrixUnit(), 4, 4);
    }
}
