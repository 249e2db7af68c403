package io.llm2clip.tests;

import io.llm2clip.kernels.gpu.tornado.ChildTests;
import io.llm2clip.kernels.gpu.tornado.DeviceJvm;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.internal.accelerator.SmallArenas;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The engine's own tests again, with a device of TornadoVM as the standard one, and what only holds for such devices. */
class DeviceTest {
    /** What a device has to get right as the CPU does. By name, as they are no API. */
    private static final String[] ENGINE = {
        "io.llm2clip.tensor.internal.compiler.CompilerProperties",
        "io.llm2clip.tensor.GradientProperties",
        "io.llm2clip.tensor.GuardedRootTest",
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
            // Four arenas, of which programs take the last ones and variables the first.
            try (Device device = SmallArenas.open(0, 64 << 20, 4 << 20)) {
                new Execution(device, ProgramOptions.DEFAULT).makeStandard();
                succeeded = ChildTests.run(
                        Stream.concat(Stream.of(classes), Stream.of(ENGINE)).toArray(String[]::new));
            }
            System.exit(succeeded ? 0 : 1);
        }
    }

    @Test
    void theEngineWorksOnADevice() throws Exception {
        DeviceJvm.run(Suite.class, AcceleratorCases.class);
    }
}
