package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.VectorWidth;
import io.llm2clip.kernels.cpu.matrix.machine.attention.FloatAttentionUnit;
import net.jqwik.api.lifecycle.AddLifecycleHook;

@AddLifecycleHook(WhereItRuns.Avx512Floats.class)
class NativeAvx512AttentionTest extends NativeAttentionConformance {
    NativeAvx512AttentionTest() {
        super(machine -> new FloatAttentionUnit(VectorWidth.AVX512, machine));
    }
}
