package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatmulConformance;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import net.jqwik.api.lifecycle.AddLifecycleHook;

@AddLifecycleHook(WhereItRuns.Amx.class)
class NativeAmxX6Test extends MatmulConformance {
    NativeAmxX6Test() {
        super(Bf16MatrixUnit.amx(MatrixPrecision.BF16X6, MachineCode::ofThisProcess), 32, 32);
    }
}
