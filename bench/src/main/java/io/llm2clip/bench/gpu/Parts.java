package io.llm2clip.bench.gpu;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** All parts, in order of worth. */
final class Parts {
    /** Tests in the JVM of a part; the memory limit shows arenas that are not freed. */
    private static final List<String> SUITE_OPTIONS =
            List.of("-Xmx4g", "-Dtornado.device.memory=5GB", "-Djqwik.database=");

    /** The part that names the card, without which no result can be kept. */
    static final Part CARD =
            new Part("card", "Devices and a trivial kernel", 40, Parts::withoutDevice, c -> c.part(CardPart.class));

    static final List<Part> ALL = List.of(
            CARD,
            new Part(
                    "kernels",
                    "Kernel suite",
                    90,
                    Parts::withoutDevice,
                    c -> c.java(
                            "io.llm2clip.kernels.gpu.tornado.ChildTests",
                            SUITE_OPTIONS,
                            List.of("io.llm2clip.kernels.gpu.tornado.TornadoDeviceCases"))),
            new Part(
                    "engine",
                    "Engine suite",
                    120,
                    Parts::withoutDevice,
                    c -> c.java(
                            "io.llm2clip.tests.EngineSuite",
                            SUITE_OPTIONS,
                            List.of(
                                    "io.llm2clip.tests.AcceleratorCases",
                                    "io.llm2clip.tests.EncoderCases",
                                    "io.llm2clip.tests.TornadoCases"))),
            new Part("matmul", "Matmuls", 60, c -> c.part(MatmulPart.class)),
            new Part("matmul-peer", "Matmuls by PyTorch", 40, Parts::withoutPython, c -> c.peer("matmul")),
            new Part("towers", "Towers", 120, c -> c.part(TowerPart.class)),
            new Part("towers-peer", "Towers in PyTorch", 90, Parts::withoutPython, c -> c.peer("towers")),
            new Part("training", "Training steps", 90, c -> c.part(TrainingPart.class)),
            new Part("training-peer", "Training steps in PyTorch", 60, Parts::withoutPython, c -> c.peer("training")),
            new Part("launches", "Launches", 30, Parts::withoutDevice, c -> c.part(LaunchPart.class)),
            new Part("demo", "Quick demo, device against CPU", 150, Parts::rehearsal, c -> c.part(DemoPart.class)));

    private Parts() {}

    private static Optional<String> withoutDevice(Context context) {
        return context.onCpu() ? Optional.of("it needs a device of TornadoVM") : Optional.empty();
    }

    private static Optional<String> withoutPython(Context context) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, Context.PYTHON)))
                ? Optional.empty()
                : Optional.of("there is no " + Context.PYTHON + " on the PATH");
    }

    private static Optional<String> rehearsal(Context context) {
        return context.small() ? Optional.of("the demo has no tiny form") : Optional.empty();
    }
}
