package io.llm2clip.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScratchVectorsTest {
    @TempDir
    Path folder;

    @Test
    void manyVectorsAreInATemporaryFileThatGoesAway() throws Exception {
        try (ScratchVectors scratch = new ScratchVectors(1000, folder)) {
            FloatMatrix small = scratch.allocate(10, 10);
            assertThat(small.memory().isMapped()).isFalse();
            FloatMatrix large = scratch.allocate(1000, 301);
            assertThat(large.memory().isMapped()).isTrue();
            assertThat(large.get(999, 300)).isZero();
            large.memory().setAtIndex(ValueLayout.JAVA_FLOAT, 1000 * 301 - 1, 7);
            assertThat(large.get(999, 300)).isEqualTo(7);
            assertThat(small.get(9, 9)).isZero();
        }
        assertThat(files()).isEmpty();
    }

    @Test
    void aFolderThatCannotBeWrittenIsNamed() {
        Path none = folder.resolve("none");
        try (ScratchVectors scratch = new ScratchVectors(0, none)) {
            assertThatThrownBy(() -> scratch.allocate(1000, 300))
                    .isInstanceOf(InputException.class)
                    .hasMessageContainingAll(
                            "1,000 vectors of 300 values take 2 MB in a temporary file of " + none,
                            "name another folder with -Djava.io.tmpdir");
        }
    }

    private List<Path> files() throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }
}
