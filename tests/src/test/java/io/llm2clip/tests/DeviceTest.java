package io.llm2clip.tests;

import io.llm2clip.kernels.gpu.tornado.ChildTests;
import io.llm2clip.kernels.gpu.tornado.DeviceJvm;
import io.llm2clip.tensor.TestExecution;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The engine on devices: the emulated one always, one of TornadoVM where there is any. */
class DeviceTest {
    @Test
    void theEngineWorksOnTheEmulatedDevice() throws Exception {
        DeviceJvm.runWith(
                List.of("-D" + TestExecution.DEVICE + "=" + TestExecution.EMULATOR),
                EngineSuite.class,
                AcceleratorCases.class,
                EncoderCases.class);
    }

    @Test
    void theEngineWorksOnADevice() throws Exception {
        DeviceJvm.run(EngineSuite.class, AcceleratorCases.class, EncoderCases.class, TornadoCases.class);
    }

    @Test
    void aDeviceOpensAsAUserOpensIt() throws Exception {
        DeviceJvm.runUnlimited(ChildTests.class, DefaultMemoryCases.class);
    }
}
