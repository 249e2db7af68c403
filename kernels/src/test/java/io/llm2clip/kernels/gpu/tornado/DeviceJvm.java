package io.llm2clip.kernels.gpu.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** JVMs in which test classes run on a device. */
public final class DeviceJvm {
    private static final int MINUTES = 45;

    /** The driver for CPUs has no limit of its own, by which arenas that are not freed would be seen. */
    private static final List<String> LIMITED = List.of("-Dtornado.device.memory=5GB");

    private DeviceJvm() {}

    /**
     * Runs the main method of a class that runs test classes with {@link ChildTests}, in a JVM with TornadoVM, and fails with what it
     * printed; where there is no TornadoVM, the test is skipped.
     */
    public static void run(Class<?> main, Class<?>... tests) throws IOException, InterruptedException {
        runWithTornado(LIMITED, main, tests);
    }

    /** As {@link #run}, where as much of a device's memory may be allocated as a user's JVM allocates. */
    public static void runUnlimited(Class<?> main, Class<?>... tests) throws IOException, InterruptedException {
        runWithTornado(List.of(), main, tests);
    }

    private static void runWithTornado(List<String> options, Class<?> main, Class<?>... tests)
            throws IOException, InterruptedException {
        assumeTrue(
                System.getenv(TornadoInstallation.HOME_VARIABLE) != null,
                "TORNADOVM_HOME is not set, so nothing runs on a device; set it to an installation of TornadoVM.");
        List<String> all = new ArrayList<>(TornadoInstallation.find().jvmArguments());
        all.addAll(options);
        runWith(all, main, tests);
    }

    /** As {@link #run}, in a JVM with such options only. */
    public static void runWith(List<String> options, Class<?> main, Class<?>... tests)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of(
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xmx2g",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        Arrays.stream(tests).map(Class::getName).forEach(command::add);
        Path output = Files.createTempFile("device", ".txt");
        try {
            Process child = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            boolean ended = child.waitFor(MINUTES, TimeUnit.MINUTES);
            if (!ended) {
                child.destroyForcibly();
            }
            String text = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
            assertThat(ended)
                    .as("tests on the device end in %d minutes; output:%n%s", MINUTES, text)
                    .isTrue();
            assertThat(child.exitValue())
                    .as("tests on the device, output:%n%s", text)
                    .isZero();
            assertThat(text).contains("tests succeeded");
            System.out.println(text.lines()
                    .filter(line -> line.endsWith("tests succeeded."))
                    .findFirst()
                    .orElse(""));
        } finally {
            Files.delete(output);
        }
    }
}
