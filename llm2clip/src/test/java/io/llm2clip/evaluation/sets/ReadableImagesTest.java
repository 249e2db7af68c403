package io.llm2clip.evaluation.sets;

import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReadableImagesTest {
    private static final Path FOLDER = Path.of("photos");

    @Test
    void halfMayBeUnreadableButNotMore() {
        assertThatNoException().isThrownBy(() -> ReadableImages.requireMost(FOLDER, 4, List.of("one", "two")));
        assertThatThrownBy(() -> ReadableImages.requireMost(FOLDER, 4, List.of("dog.png is no image.", "two", "three")))
                .isInstanceOf(InputException.class)
                .hasMessage("3 of the 4 images of photos cannot be read, the first because: dog.png is no image.");
    }
}
