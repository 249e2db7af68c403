package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class BatchesTest {
    @Property
    void batchesCoverEverythingInFewSizes(@ForAll @IntRange(min = 1, max = 5000) int count) {
        int batches = 0;
        for (int remaining = count; remaining > 0; batches++) {
            int size = Batches.next(remaining, 32);
            assertThat(size).isBetween(1, Math.min(32, remaining));
            assertThat(Integer.bitCount(size)).isEqualTo(1);
            remaining -= size;
        }
        assertThat(batches).isLessThanOrEqualTo(count / 32 + 5);
    }
}
