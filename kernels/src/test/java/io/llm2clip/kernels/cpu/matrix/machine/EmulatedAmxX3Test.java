package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.MatmulConformance;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;

class EmulatedAmxX3Test extends MatmulConformance {
    EmulatedAmxX3Test() {
        super(Bf16MatrixUnit.amx(MatrixPrecision.BF16X3, EmulatedMachine::code), 32, 32);
    }
}
