package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The same seed trains the same weights to the bit, whatever the number of threads. */
class DeterminismTest {

    @Test
    void weightsDoNotDependOnTheNumberOfThreads() throws Exception {
        String one = train(1);
        assertThat(one).matches("(?s)\\[[0-9., ]+] [0-9a-f]{64}\\s*");
        assertThat(train(2)).isEqualTo(one);
        assertThat(train(3)).isEqualTo(one);
    }

    private static String train(int threads) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules",
                        "jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dllm2clip.threads=" + threads,
                        "-cp",
                        System.getProperty("java.class.path"),
                        ThreadsProbe.class.getName())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).isZero();
        return output;
    }
}
