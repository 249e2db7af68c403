package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EngineMemoryTest {
    private final long before = EngineMemory.liveBytes();

    @AfterEach
    void noLimit() {
        EngineMemory.limit(Long.MAX_VALUE);
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    @Test
    void aBlockIsCountedAndFreedOnce() {
        EngineMemory.resetPeak();
        MemoryBlock block = MemoryBlock.allocate(1000, "a test");
        assertThat(block.segment().byteSize()).isEqualTo(1000);
        assertThat(block.segment().address() % 64).isZero();
        assertThat(block.segment().get(ValueLayout.JAVA_LONG, 992)).isZero();
        assertThat(EngineMemory.liveBytes()).isEqualTo(before + 1000);
        block.close();
        block.close();
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
        assertThat(EngineMemory.peakBytes()).isEqualTo(before + 1000);
        assertThat(block.segment().scope().isAlive()).isFalse();
    }

    @Test
    void nothingIsABlockToo() {
        try (MemoryBlock block = MemoryBlock.allocate(0, "a test")) {
            assertThat(block.segment().address()).isNotZero();
        }
    }

    /** No machine has it, whether or not anybody bounds the engine. */
    @Test
    void whatCannotBeAllocatedIsNotCounted() {
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> MemoryBlock.allocate(1L << 60, "the values of a program's run"))
                    .isInstanceOf(EngineMemoryError.class)
                    .hasMessageMatching("No 1152921504\\.607 GB of memory for the values of a program's run,"
                            + " \\d+\\.\\d{3} GB are in use \\(.*\\); use smaller batches or a smaller model\\.");
            assertThat(EngineMemory.liveBytes()).isEqualTo(before);
        }
    }

    @Test
    void theLimitIsReachedAndNotPassed() {
        EngineMemory.limit(before + 1_000_000);
        try (MemoryBlock block = MemoryBlock.allocate(1_000_000, "a test")) {
            assertThat(block.segment().byteSize()).isEqualTo(1_000_000);
            assertThatThrownBy(() -> MemoryBlock.allocate(1, "another")).isInstanceOf(EngineMemoryError.class);
            assertThatThrownBy(() -> MemoryBlock.allocate(Long.MAX_VALUE, "another"))
                    .isInstanceOf(EngineMemoryError.class);
        }
        MemoryBlock.allocate(1_000_000, "a test").close();
    }

    @Test
    void negativeSizesAreRefused() {
        assertThatThrownBy(() -> MemoryBlock.allocate(-5, "a test"))
                .hasMessage("Memory of -5 bytes for a test, expected 0 or more; use smaller batches.");
        assertThatThrownBy(() -> EngineMemory.limit(-1)).hasMessageStartingWith("A limit of -1 bytes");
    }
}
