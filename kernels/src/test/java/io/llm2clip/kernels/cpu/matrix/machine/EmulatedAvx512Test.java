package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.MatmulConformance;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;

class EmulatedAvx512Test extends MatmulConformance {
    EmulatedAvx512Test() {
        super(Bf16MatrixUnit.avx512(MatrixPrecision.BF16, EmulatedMachine::code), 14, 32);
    }
}
