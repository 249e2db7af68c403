package io.llm2clip.kernels.cpu.matrix.vector;

import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Attention by the Vector API's own kernels, as {@link WithoutMachineCodeTest} for matmuls. */
@Tag("vector-width")
class AttentionWithoutMachineCodeTest extends VectorAttentionTest {
    @BeforeContainer
    static void switchOff() {
        System.setProperty("llm2clip.machine", "false");
    }

    @AfterContainer
    static void unset() {
        System.clearProperty("llm2clip.machine");
    }
}
