package io.llm2clip.kernels.cpu.matrix.scalar;

import io.llm2clip.kernels.cpu.matrix.MatrixUnitConformance;

class ScalarMatrixUnitTest extends MatrixUnitConformance {
    ScalarMatrixUnitTest() {
        super(new ScalarMatrixUnit(), 4, 4);
    }
}
