package io.llm2clip.kernels.gpu.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Runs {@link TornadoDeviceCases} in a JVM with TornadoVM, where one is installed. */
class TornadoDeviceTest {
    @Test
    void deviceKeepsItsProperties() throws IOException, InterruptedException {
        DeviceJvm.run(ChildTests.class, TornadoDeviceCases.class);
    }

    @Test
    void absenceIsOneSentence() {
        assertThat(TornadoVm.available()).isFalse();
        assertThat(TornadoVm.absence())
                .hasValueSatisfying(reason -> assertThat(reason)
                        .contains("expected the modules tornado.api, tornado.runtime in it, found no tornado.api")
                        .endsWith("start it with the arguments of TornadoInstallation.jvmArguments()."));
    }
}
