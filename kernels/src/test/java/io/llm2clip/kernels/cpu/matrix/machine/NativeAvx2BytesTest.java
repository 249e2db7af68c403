package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatmulConformance;
import net.jqwik.api.lifecycle.AddLifecycleHook;

@AddLifecycleHook(WhereItRuns.Avx2.class)
class NativeAvx2BytesTest extends MatmulConformance {
    NativeAvx2BytesTest() {
        super(ByteMatrixUnit.avx2(MachineCode::ofThisProcess), 4, 16);
    }
}
