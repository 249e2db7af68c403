package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatmulConformance;
import net.jqwik.api.lifecycle.AddLifecycleHook;

@AddLifecycleHook(WhereItRuns.AvxVnni.class)
class NativeAvxVnniBytesTest extends MatmulConformance {
    NativeAvxVnniBytesTest() {
        super(ByteMatrixUnit.avxVnni(MachineCode::ofThisProcess), 4, 16);
    }
}
