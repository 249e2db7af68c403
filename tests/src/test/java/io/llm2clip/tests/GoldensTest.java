package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Reference values, which everyone fetches with the sources, stay small; see {@code tests/reference/README.md}. */
class GoldensTest {
    private static final long MOST = 30_000_000;
    private static final List<String> MODULES = List.of("kernels", "tensor", "nn", "llm2clip", "cli", "tests", "bench");

    @Test
    void allFilesOfTestsTogetherAreSmall() {
        Map<String, Long> bytes =
                MODULES.stream().collect(Collectors.toMap(module -> module, GoldensTest::bytesOfResources));
        assertThat(bytes.get("llm2clip")).isPositive();
        assertThat(bytes.values().stream().mapToLong(Long::longValue).sum())
                .as("bytes of test resources: %s", bytes)
                .isLessThanOrEqualTo(MOST);
    }

    private static long bytesOfResources(String module) {
        Path folder = Path.of("..", module, "src", "test", "resources");
        if (!Files.isDirectory(folder)) {
            return 0;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
