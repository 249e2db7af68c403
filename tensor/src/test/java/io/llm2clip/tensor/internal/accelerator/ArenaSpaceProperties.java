package io.llm2clip.tensor.internal.accelerator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class ArenaSpaceProperties {

    @Property(tries = 200)
    void takenRangesDoNotOverlapAndAllSpaceComesBack(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        ArenaSpace space = new ArenaSpace(10_007);
        long free = space.freeElements();
        Map<Long, Integer> taken = new LinkedHashMap<>();
        for (int i = 0; i < 60; i++) {
            if (!taken.isEmpty() && random.nextBoolean()) {
                long start = taken.keySet().stream()
                        .skip(random.nextInt(taken.size()))
                        .findFirst()
                        .orElseThrow();
                space.give(start, taken.remove(start));
            } else {
                int count = random.nextInt(400);
                long start = space.take(count);
                taken.forEach((other, size) -> assertThat(start + count <= other || other + size <= start)
                        .as("%d elements at %d, %d at %d", count, start, size, other)
                        .isTrue());
                taken.put(start, count);
                assertThat(start + count).isLessThanOrEqualTo(10_007);
            }
            if (space.freeElements() < 500) {
                break;
            }
        }
        taken.forEach(space::give);
        assertThat(space.freeElements()).isEqualTo(free);
        // In one piece again, not in many.
        assertThat(space.largestPiece()).isEqualTo(free).isEqualTo(space.capacity());
        assertThat(space.take(free + 1)).isEqualTo(-1);
        assertThat(space.take(free)).isZero();
    }
}
