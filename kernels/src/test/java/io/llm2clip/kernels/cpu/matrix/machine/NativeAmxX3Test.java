package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatmulConformance;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import net.jqwik.api.lifecycle.AddLifecycleHook;

@AddLifecycleHook(WhereItRuns.Amx.class)
class NativeAmxX3Test extends MatmulConformance {
    NativeAmxX3Test() {
        super(Bf16MatrixUnit.amx(MatrixPrecision.BF16X3, MachineCode::ofThisProcess), 32, 32);
    }
}
