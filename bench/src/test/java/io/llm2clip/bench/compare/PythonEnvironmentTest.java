package io.llm2clip.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With packages of this test's own, so that nothing is downloaded. */
class PythonEnvironmentTest {
    @TempDir
    private Path folder;

    private Path log;
    private PythonEnvironment environment;

    private void requirements(String usual, String built) throws IOException, InterruptedException {
        Files.writeString(folder.resolve("requirements.txt"), usual);
        Files.writeString(folder.resolve("requirements-llama.txt"), built);
        log = folder.resolve("install.log");
        environment = new PythonEnvironment(folder, log);
        try {
            Process python = new ProcessBuilder("python3", "-c", "import ensurepip, venv").start();
            assumeTrue(python.waitFor() == 0, "python3 makes no virtual environments");
        } catch (IOException e) {
            assumeTrue(false, "there is no python3");
        }
    }

    @Test
    void anEnvironmentIsMadeOnceForItsRequirements() throws IOException, InterruptedException {
        requirements("", "");
        Path python = environment.install(folder.resolve("python")).orElseThrow();
        assertThat(python).isExecutable();
        long size = Files.size(log);
        assertThat(environment.install(folder.resolve("python"))).contains(python);
        assertThat(Files.size(log)).as("nothing is installed again").isEqualTo(size);
        Files.writeString(folder.resolve("requirements.txt"), "# others\n");
        assertThat(environment.install(folder.resolve("python"))).contains(python);
        assertThat(Files.size(log)).isGreaterThan(size);
        assertThat(PythonEnvironment.versions(python)).isEqualTo(List.of());
    }

    @Test
    void whatCannotBeBuiltIsLeftOutAndWhatCannotBeInstalledLeavesThisEngineAlone()
            throws IOException, InterruptedException {
        String missing = folder.resolve("missing-1.0-py3-none-any.whl") + "\n";
        requirements("", missing);
        assertThat(environment.install(folder.resolve("python"))).isPresent();
        requirements(missing, "");
        assertThat(environment.install(folder.resolve("python"))).isEmpty();
        assertThat(Files.readString(log)).contains("missing-1.0");
    }
}
