package io.llm2clip.tensor.internal.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class MemoryPlannerProperties {
    private static final long ALIGNMENT = 64;

    /** From those that just hold the largest buffer to memory in one piece. */
    @Provide
    Arbitrary<Long> arenas() {
        return Arbitraries.of(1024L, 1088L, 2048L, 1L << 20, Long.MAX_VALUE);
    }

    /** The first that is written must not lie where the large one, which comes later, would have had room. */
    @Example
    void smallBuffersFillWhatLargeOnesLeave() {
        MemoryPlanner.Buffer early = buffer(64, 0, 1);
        MemoryPlanner.Buffer lasting = buffer(64, 0, 3);
        MemoryPlanner.Buffer large = buffer(128, 2, 3);
        MemoryPlanner.Buffer late = buffer(1, 4, 5);
        assertThat(MemoryPlanner.place(List.of(early, lasting, large, late), ALIGNMENT, Long.MAX_VALUE))
                .isEqualTo(64 + 128);
    }

    private static MemoryPlanner.Buffer buffer(long bytes, int first, int last) {
        MemoryPlanner.Buffer buffer = new MemoryPlanner.Buffer(bytes, first);
        buffer.last = last;
        return buffer;
    }

    @Property(tries = 300)
    void buffersAliveTogetherDoNotOverlap(
            @ForAll @Size(max = 40) List<@IntRange(max = 1000) Integer> sizes,
            @ForAll @Size(value = 40) List<@IntRange(max = 12) Integer> lives,
            @ForAll("arenas") long arena) {
        List<MemoryPlanner.Buffer> buffers = new ArrayList<>();
        for (int i = 0; i < sizes.size(); i++) {
            // Steps may have several results.
            int birth = i * 2 / 3 - 1;
            MemoryPlanner.Buffer buffer = new MemoryPlanner.Buffer(sizes.get(i), birth);
            buffer.last = birth + lives.get(i);
            buffers.add(buffer);
        }
        long size = MemoryPlanner.place(buffers, ALIGNMENT, arena);
        for (MemoryPlanner.Buffer a : buffers) {
            assertThat(a.offset % ALIGNMENT).isZero();
            assertThat(a.offset).isNotNegative();
            assertThat(a.offset + a.bytes).isLessThanOrEqualTo(size);
            assertThat(a.offset / arena)
                    .as("arena of the last byte")
                    .isEqualTo((a.offset + Math.max(1, a.bytes) - 1) / arena);
            for (MemoryPlanner.Buffer b : buffers) {
                boolean together = a != b && a.first <= b.last && b.first <= a.last;
                boolean overlap = a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
                assertThat(together && overlap && a.bytes > 0 && b.bytes > 0)
                        .as("%s", Tuple.of(a.offset, b.offset))
                        .isFalse();
            }
        }
    }
}
