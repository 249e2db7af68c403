package io.llm2clip.kernels.gpu.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What is said of a back end whose initializer fails. */
class DriverFailureTest {
    @Test
    void theInnermostReasonIsTold() {
        ExceptionInInitializerError error = new ExceptionInInitializerError(
                new IllegalStateException(null, new RuntimeException("[ERROR] CUDADriver JNI Library\nnot found")));
        assertThat(DriverFailure.of(error))
                .hasMessage("TornadoVM has no usable driver ([ERROR] CUDADriver JNI Library not found); install the"
                        + " device's driver, put its libraries where the loader looks (LD_LIBRARY_PATH), or choose"
                        + " another back end with -Dllm2clip.tornado.backend.")
                .hasCause(error);
    }

    @Test
    void aReasonWithoutAMessageIsNamed() {
        assertThat(DriverFailure.sentence(new NoClassDefFoundError(), "; x is not found"))
                .startsWith("TornadoVM has no usable driver (NoClassDefFoundError; x is not found);");
    }
}
