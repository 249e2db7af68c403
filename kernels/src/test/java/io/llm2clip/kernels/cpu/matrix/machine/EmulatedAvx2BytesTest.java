package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.MatmulConformance;

class EmulatedAvx2BytesTest extends MatmulConformance {
    EmulatedAvx2BytesTest() {
        super(ByteMatrixUnit.avx2(EmulatedMachine::code), 4, 16);
    }
}
