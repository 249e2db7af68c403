package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.MatmulConformance;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;

class EmulatedAmxTest extends MatmulConformance {
    EmulatedAmxTest() {
        super(Bf16MatrixUnit.amx(MatrixPrecision.BF16, EmulatedMachine::code), 32, 32);
    }
}
