package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.MatmulConformance;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;

class EmulatedAvx512X3Test extends MatmulConformance {
    EmulatedAvx512X3Test() {
        super(Bf16MatrixUnit.avx512(MatrixPrecision.BF16X3, EmulatedMachine::code), 13, 32);
    }
}
