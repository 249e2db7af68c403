package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatmulConformance;
import net.jqwik.api.lifecycle.AddLifecycleHook;

@AddLifecycleHook(WhereItRuns.AmxBytes.class)
class NativeAmxBytesTest extends MatmulConformance {
    NativeAmxBytesTest() {
        super(ByteMatrixUnit.amx(MachineCode::ofThisProcess), 16, 16);
    }
}
