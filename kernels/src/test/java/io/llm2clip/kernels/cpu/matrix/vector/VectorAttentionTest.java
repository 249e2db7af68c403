package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.cpu.matrix.AttentionConformance;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AddLifecycleHook;

/** Run once for each width of vectors, as {@link VectorMatrixUnitTest} is. */
@Tag("vector-width")
@AddLifecycleHook(VectorMatrixUnitTest.WhereTheWidthExists.class)
class VectorAttentionTest extends AttentionConformance {
    VectorAttentionTest() {
        super(new VectorMatrixUnit());
    }
}
