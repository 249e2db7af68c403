package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.MatmulConformance;

class EmulatedAvxVnniBytesTest extends MatmulConformance {
    EmulatedAvxVnniBytesTest() {
        super(ByteMatrixUnit.avxVnni(EmulatedMachine::code), 4, 16);
    }
}
