package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatmulConformance;
import net.jqwik.api.lifecycle.AddLifecycleHook;

@AddLifecycleHook(WhereItRuns.Avx512Bytes.class)
class NativeAvx512BytesTest extends MatmulConformance {
    NativeAvx512BytesTest() {
        super(ByteMatrixUnit.avx512(MachineCode::ofThisProcess), 12, 16);
    }
}
