package io.llm2clip.kernels.cpu.matrix.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScoreRowsTest {
    /** Whose rounding, of the greatest score as well, is above what a power may have. */
    @ParameterizedTest
    @ValueSource(floats = {0.17677669f, -0.17677669f})
    void powersOfLargeScoresAreAtMostOne(float scale) {
        Random random = new Random(1);
        try (Arena arena = Arena.ofConfined()) {
            for (int visible : new int[] {1, 7, 16, 37, 64}) {
                MemorySegment scores = arena.allocate(4L * 64, 64);
                for (int i = 0; i < visible; i++) {
                    scores.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat(-6e10f, 6e10f));
                }
                float sum = ScoreRows.exponentials(scores.address(), visible, 64, scale);
                assertThat(sum).isBetween(1f, (float) visible);
                for (float power : scores.toArray(ValueLayout.JAVA_FLOAT)) {
                    assertThat(power).isBetween(0f, 1f);
                }
            }
        }
    }
}
