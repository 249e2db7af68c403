package io.llm2clip.kernels.cpu.matrix.vector;

import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** The Vector API's own kernels, which stand in where machine code may not be used. */
@Tag("vector-width")
class WithoutMachineCodeTest extends VectorMatrixUnitTest {
    @BeforeContainer
    static void switchOff() {
        System.setProperty("llm2clip.machine", "false");
    }

    @AfterContainer
    static void unset() {
        System.clearProperty("llm2clip.machine");
    }
}
