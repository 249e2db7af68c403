package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A setting without sense is said where the library is used, each time, and leaves no class unusable. */
class SettingsRefusedTest {

    /** Computes something three times, the last time without the setting. */
    static final class Probe {
        private Probe() {}

        public static void main(String[] properties) {
            for (int i = 0; i < 3; i++) {
                if (i == 2) {
                    Stream.of(properties).forEach(System::clearProperty);
                }
                try {
                    System.out.println(Tensor.scalar(4).sqrt().evaluate().item());
                } catch (IllegalArgumentException e) {
                    System.out.println(e.getMessage());
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-3", "abc", "100000", ""})
    void threads(String value) throws Exception {
        List<String> output = run("llm2clip.threads", value);
        assertThat(output.getFirst())
                .startsWith("The system property llm2clip.threads is '" + value
                        + "', expected a number of threads from 1 to ");
        assertThat(output).containsExactly(output.getFirst(), output.getFirst(), "2.0");
    }

    @Test
    void widthOfVectors() throws Exception {
        assertThat(run("llm2clip.vector.bits", "100").getFirst())
                .startsWith("The system property llm2clip.vector.bits is '100', expected one of [128, 256, 512];");
    }

    private static List<String> run(String property, String value) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules",
                        "jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-D" + property + "=" + value,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Probe.class.getName(),
                        property)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output.lines().toList();
    }
}
