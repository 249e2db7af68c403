package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgramCacheTest {
    private final List<Long> closed = new ArrayList<>();
    private int compiled;

    /** A cache of programs whose key is their size. */
    private ProgramCache<Long, Long> cache(long kept) {
        return new ProgramCache<>(bytes -> bytes, closed::add, kept, 6);
    }

    private void get(ProgramCache<Long, Long> cache, long... sizes) {
        for (long size : sizes) {
            assertThat(cache.get(size, () -> {
                        compiled++;
                        return size;
                    }))
                    .isEqualTo(size);
        }
    }

    @Test
    void smallProgramsAreKept() {
        var cache = cache(100);
        get(cache, 10, 20, 30, 40, 10, 20, 30, 40);
        assertThat(compiled).isEqualTo(4);
        assertThat(closed).isEmpty();
        cache.close();
        assertThat(closed).containsExactlyInAnyOrder(10L, 20L, 30L, 40L);
    }

    @Test
    void oneThatCannotBeClosedDoesNotKeepTheOthersOpen() {
        var cache = new ProgramCache<Long, Long>(
                bytes -> bytes,
                program -> {
                    closed.add(program);
                    if (program == 10) {
                        throw new IllegalStateException("in use");
                    }
                },
                100,
                6);
        get(cache, 10, 20, 30);
        assertThatThrownBy(cache::close).hasMessage("in use");
        assertThat(closed).containsExactlyInAnyOrder(10L, 20L, 30L);
        cache.close();
        assertThat(closed).hasSize(3);
    }

    @Test
    void beyondTheBoundTheLeastRecentlyUsedAreClosed() {
        var cache = cache(100);
        get(cache, 30, 31, 32, 30, 33);
        // 126 of 100: 31 was used longest ago.
        assertThat(closed).containsExactly(31L);
        get(cache, 31);
        assertThat(closed).containsExactly(31L, 32L);
        assertThat(compiled).isEqualTo(5);
    }

    @Test
    void largeProgramsKeepTheLargestAndHalfOfItBesides() {
        var cache = cache(100);
        get(cache, 1000, 300, 200, 900);
        assertThat(closed).containsExactly(1000L);
        get(cache, 1001);
        // Never the newest, however large.
        assertThat(closed).containsExactly(1000L, 300L, 200L, 900L);
        assertThat(cache.size()).isEqualTo(1);
    }

    @Test
    void beyondTheNumberTheLeastRecentlyUsedAreClosedToo() {
        var cache = cache(100);
        get(cache, 1, 2, 3, 4, 5, 6, 1, 7, 8);
        assertThat(closed).containsExactly(2L, 3L);
        assertThat(cache.size()).isEqualTo(6);
        assertThat(cache.has(1L)).isTrue();
    }

    @Test
    void aFunctionOfManyShapesStillComputes() {
        long before = EngineMemory.liveBytes();
        try (CompiledFunction twice = new CompiledFunction(
                in -> List.of(in.getFirst().add(in.getFirst()).sum()), Execution.cpu())) {
            for (int length = 1; length < 40; length++) {
                float sum = twice.run(List.of(TensorData.of(Shape.of(length), new float[length])))
                        .getFirst()
                        .item();
                assertThat(sum).isZero();
            }
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }
}
