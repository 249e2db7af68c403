package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatmulConformance;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import net.jqwik.api.lifecycle.AddLifecycleHook;

@AddLifecycleHook(WhereItRuns.Avx512.class)
class NativeAvx512Test extends MatmulConformance {
    NativeAvx512Test() {
        super(Bf16MatrixUnit.avx512(MatrixPrecision.BF16, MachineCode::ofThisProcess), 14, 32);
    }
}
