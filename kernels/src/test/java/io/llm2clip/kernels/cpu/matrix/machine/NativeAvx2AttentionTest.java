package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.matrix.machine.attention.FloatAttentionUnit;
import net.jqwik.api.lifecycle.AddLifecycleHook;

@AddLifecycleHook(WhereItRuns.Avx2.class)
class NativeAvx2AttentionTest extends NativeAttentionConformance {
    NativeAvx2AttentionTest() {
        super(machine -> new FloatAttentionUnit(VectorWidth.AVX2, machine));
    }
}
