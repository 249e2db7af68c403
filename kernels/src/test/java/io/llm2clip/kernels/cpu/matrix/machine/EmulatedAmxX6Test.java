package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.MatmulConformance;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;

class EmulatedAmxX6Test extends MatmulConformance {
    EmulatedAmxX6Test() {
        super(Bf16MatrixUnit.amx(MatrixPrecision.BF16X6, EmulatedMachine::code), 32, 32);
    }
}
