package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.machine.attention.Avx512Attention;
import net.jqwik.api.lifecycle.AddLifecycleHook;

@AddLifecycleHook(WhereItRuns.Avx512Floats.class)
class NativeAttentionTest extends NativeAttentionConformance {
    NativeAttentionTest() {
        super(Avx512Attention::new);
    }
}
