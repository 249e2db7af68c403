package io.llm2clip.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class StartCacheTest {
    @Test
    void startsAsTheLauncherDoes() throws Exception {
        assertThat(Files.readString(Path.of("..", "bin", "llm2clip")))
                .contains("\nflags+=(" + String.join(" ", StartCache.LATER_C2) + ")\n");
    }
}
