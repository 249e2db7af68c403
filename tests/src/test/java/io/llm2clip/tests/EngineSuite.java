package io.llm2clip.tests;

import io.llm2clip.kernels.gpu.tornado.ChildTests;
import io.llm2clip.tensor.TestExecution;
import java.util.stream.Stream;

/** The engine's own tests again, on a device: a program of a JVM of its own. */
final class EngineSuite {
    /** What a device has to get right as the CPU does. By name, as they are no API. */
    private static final String[] ENGINE = {
        "io.llm2clip.tensor.internal.compiler.CompilerProperties",
        "io.llm2clip.tensor.internal.compiler.UpdateProperties",
        "io.llm2clip.tensor.internal.compiler.RecomputeProperties",
        "io.llm2clip.tensor.check.NanCheckTest",
        "io.llm2clip.tensor.TypedMatmulProperties",
        "io.llm2clip.tensor.GradientProperties",
        "io.llm2clip.tensor.RaggedProperties",
        "io.llm2clip.tensor.custom.CustomProperties",
        "io.llm2clip.tensor.GuardedRootTest",
        "io.llm2clip.tensor.ConvolutionProperties",
        "io.llm2clip.tensor.RandomTensorsTest",
        "io.llm2clip.nn.LayerGoldenTest",
        "io.llm2clip.nn.LayerGradientProperties",
        "io.llm2clip.nn.LoraTest",
        "io.llm2clip.nn.loss.LossGoldenTest",
        "io.llm2clip.nn.optimizer.AdamWTest",
        "io.llm2clip.nn.optimizer.GradientAccumulatorTest",
        "io.llm2clip.nn.optimizer.TrainStepTest"
    };

    private EngineSuite() {}

    /** Runs the engine's and other test classes on the device that {@link TestExecution#DEVICE} names, or else on TornadoVM's first. */
    public static void main(String[] classes) throws ClassNotFoundException {
        if (System.getProperty(TestExecution.DEVICE) == null) {
            System.setProperty(TestExecution.DEVICE, "0");
        }
        boolean succeeded;
        try {
            succeeded = ChildTests.run(
                    Stream.concat(Stream.of(classes), Stream.of(ENGINE)).toArray(String[]::new));
        } finally {
            TestExecution.close();
        }
        System.exit(succeeded ? 0 : 1);
    }
}
