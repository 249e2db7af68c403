package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.TokenBatch;
import java.util.Collections;
import org.junit.jupiter.api.Test;

class StepMemoryTest {
    private final Notes progress = new Notes();
    private final StepMemory memory = new StepMemory(512, progress);

    private static TokenBatch batch(int captions, int length) {
        return TokenBatch.of(Collections.nCopies(captions, new CaptionRow(new int[length], 0, length, false)));
    }

    @Test
    void muchMemoryIsToldWithWhatTheLongestCaptionsWillTake() {
        memory.tell(900_000_000, batch(64, 32));
        assertThat(progress.sentences()).isEmpty();
        memory.tell(2_000_000_000, batch(64, 64));
        memory.tell(3_000_000_000L, batch(64, 96));
        assertThat(progress.sentences())
                .containsExactly("Stage 1: 64 captions of 64 tokens on average take 2.0 GB, captions of the greatest"
                        + " length, 512 tokens, about 16.0 GB; --batch and --max-length lower it.");
        memory.tell(16_000_000_000L, batch(64, 512));
        assertThat(progress.sentences())
                .last()
                .isEqualTo(
                        "Stage 1: 64 captions of 512 tokens on average take 16.0 GB; --batch and --max-length lower it.");
    }
}
