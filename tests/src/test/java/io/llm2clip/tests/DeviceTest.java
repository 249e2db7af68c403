package io.llm2clip.tests;

import io.llm2clip.kernels.gpu.tornado.ChildTests;
import io.llm2clip.kernels.gpu.tornado.DeviceJvm;
import io.llm2clip.tensor.TestExecution;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The engine's own tests again, on a device of TornadoVM, and what only holds for such devices. */
class DeviceTest {
    /** What a device has to get right as the CPU does. By name, as they are no API. */
    private static final String[] ENGINE = {
        "io.llm2clip.tensor.internal.compiler.CompilerProperties",
        "io.llm2clip.tensor.GradientProperties",
        "io.llm2clip.tensor.RaggedProperties",
        "io.llm2clip.tensor.GuardedRootTest",
        "io.llm2clip.tensor.ConvolutionProperties",
        "io.llm2clip.tensor.RandomTensorsTest",
        "io.llm2clip.nn.LayerGoldenTest",
        "io.llm2clip.nn.LoraTest",
        "io.llm2clip.nn.loss.LossGoldenTest",
        "io.llm2clip.nn.optimizer.AdamWTest",
        "io.llm2clip.nn.optimizer.TrainStepTest"
    };

    /** What runs in the JVM with TornadoVM. */
    static final class Suite {
        private Suite() {}

        public static void main(String[] classes) throws ClassNotFoundException {
            boolean succeeded;
            System.setProperty(TestExecution.DEVICE, "0");
            try {
                succeeded = ChildTests.run(
                        Stream.concat(Stream.of(classes), Stream.of(ENGINE)).toArray(String[]::new));
            } finally {
                TestExecution.close();
            }
            System.exit(succeeded ? 0 : 1);
        }
    }

    @Test
    void theEngineWorksOnADevice() throws Exception {
        DeviceJvm.run(Suite.class, AcceleratorCases.class, EncoderCases.class);
    }

    @Test
    void aDeviceOpensAsAUserOpensIt() throws Exception {
        DeviceJvm.runUnlimited(ChildTests.class, DefaultMemoryCases.class);
    }
}
