package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class OutputFoldersTest {
    @Test
    void aFailureAfterTheModelSaysThatThisIsSaved() {
        assertThatThrownBy(() -> OutputFolders.writeAfter(Path.of("model"), () -> {
                    throw new CheckpointException("adapter: cannot be written: No space left on device.");
                }))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        "The model is saved as model, but what comes with it is not: adapter: cannot be written: No space left on device.");
    }
}
