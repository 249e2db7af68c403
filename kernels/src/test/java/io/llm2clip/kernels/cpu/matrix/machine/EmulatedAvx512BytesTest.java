package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.MatmulConformance;

class EmulatedAvx512BytesTest extends MatmulConformance {
    EmulatedAvx512BytesTest() {
        super(ByteMatrixUnit.avx512(EmulatedMachine::code), 12, 16);
    }
}
