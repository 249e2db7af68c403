package io.llm2clip.kernels.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs {@link TornadoDeviceProperties} in a JVM with TornadoVM, where one is installed. */
class TornadoDeviceTest {
    private static final int MINUTES = 10;

    @TempDir
    Path folder;

    @Test
    void deviceKeepsItsProperties() throws IOException, InterruptedException {
        assumeTrue(
                System.getenv(TornadoInstallation.HOME_VARIABLE) != null,
                "TORNADOVM_HOME is not set, so kernels are not run on a device; set it to an installation of TornadoVM.");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(TornadoInstallation.find().jvmArguments());
        command.addAll(List.of(
                "--add-modules",
                "jdk.incubator.vector",
                "-Xmx2g",
                // The driver for CPUs has no limit of its own, by which arenas that are not freed would be seen.
                "-Dtornado.device.memory=5GB",
                "-cp",
                System.getProperty("java.class.path"),
                ChildTests.class.getName(),
                TornadoDeviceProperties.class.getName()));
        Path output = folder.resolve("output.txt");
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
