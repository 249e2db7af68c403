package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.MachineCode;
import net.jqwik.api.lifecycle.AddLifecycleHook;

@AddLifecycleHook(WhereItRuns.Amx.class)
class NativePackedAttentionTest extends PackedAttentionConformance {
    NativePackedAttentionTest() {
        super(MachineCode::ofThisProcess);
    }
}
