package io.llm2clip.tensor.internal.accelerator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.TensorException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class ArenaSpaceProperties {

    @Property(tries = 200)
    void takenRangesDoNotOverlapAndAllSpaceComesBack(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        ArenaSpace space = new ArenaSpace(DType.F32, "a device", 10_007);
        long free = space.freeElements();
        Map<Integer, Integer> taken = new LinkedHashMap<>();
        for (int i = 0; i < 60; i++) {
            if (!taken.isEmpty() && random.nextBoolean()) {
                int start = taken.keySet().stream()
                        .skip(random.nextInt(taken.size()))
                        .findFirst()
                        .orElseThrow();
                space.give(start, taken.remove(start));
            } else {
                int count = random.nextInt(400);
                int start = space.take(count);
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
        assertThat(space.take(free)).isZero();
    }

    @Example
    void tooLittleSpaceIsSaid() {
        ArenaSpace space = new ArenaSpace(DType.F32, "a device", 100);
        space.take(40);
        assertThatThrownBy(() -> space.take(50))
                .isInstanceOf(TensorException.class)
                .hasMessage(
                        "The device memory for F32 on a device has no room for 200 more bytes: 128 of 400 are free, 128 of"
                                + " them in one piece; use smaller batches, or allow more of its memory"
                                + " (--device-memory).");
    }
}
