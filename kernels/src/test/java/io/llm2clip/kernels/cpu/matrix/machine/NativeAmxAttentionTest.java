package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.matrix.machine.attention.AmxAttention;
import net.jqwik.api.lifecycle.AddLifecycleHook;

@AddLifecycleHook(WhereItRuns.Amx.class)
class NativeAmxAttentionTest extends NativeAttentionConformance {
    NativeAmxAttentionTest() {
        super(AmxAttention::new);
    }
}
