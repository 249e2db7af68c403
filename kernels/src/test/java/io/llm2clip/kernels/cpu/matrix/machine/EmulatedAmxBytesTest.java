package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.MatmulConformance;

class EmulatedAmxBytesTest extends MatmulConformance {
    EmulatedAmxBytesTest() {
        super(ByteMatrixUnit.amx(EmulatedMachine::code), 16, 16);
    }
}
