package io.llm2clip.kernels.cpu.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZeroedMemoryTest {
    @ParameterizedTest
    @ValueSource(longs = {0, 1, 4000, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (9 << 20) + 5})
    void itIsZeroAlignedAndFreedWithTheArena(long bytes) {
        for (int again = 0; again < 3; again++) {
            MemorySegment memory;
            try (Arena arena = Arena.ofShared()) {
                memory = ZeroedMemory.allocate(arena, bytes, 64);
                assertThat(memory.address() % 64).isZero();
                assertThat(memory.byteSize()).isEqualTo(Math.max(1, bytes));
                assertThat(memory.mismatch(arena.allocate(memory.byteSize()))).isEqualTo(-1);
                // So that it is not zero by chance when it is used again.
                memory.fill((byte) 7);
            }
            assertThat(memory.scope().isAlive()).isFalse();
            assertThatThrownBy(() -> memory.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
        }
    }

    /** However long the memory is: the system begins with a page only what is whole pages. */
    @ParameterizedTest
    @ValueSource(longs = {1 << 20, (2 << 20) - 1, 2 << 20, (9 << 20) + 5})
    @EnabledOnOs(OS.LINUX)
    void itBeginsWithALargePage(long bytes) {
        try (Arena arena = Arena.ofShared()) {
            for (int i = 0; i < 3; i++) {
                assertThat(ZeroedMemory.allocate(arena, bytes, 64).address() % (2 << 20))
                        .isZero();
            }
        }
    }

    /** What nobody touches costs nothing: much more than this process may have at once is soon there, and soon gone. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void pagesComeWhenTheyAreTouched() throws IOException {
        long bytes = 512L << 20;
        long before = resident();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = ZeroedMemory.allocate(arena, bytes, 64);
            memory.set(ValueLayout.JAVA_BYTE, bytes - 1, (byte) 1);
            assertThat(resident() - before).isLessThan(bytes / 4);
        }
        assertThat(resident() - before).isLessThan(bytes / 4);
    }

    private static long resident() throws IOException {
        String pages = Files.readString(Path.of("/proc/self/statm")).split(" ")[1];
        return Long.parseLong(pages) * 4096;
    }

    @Test
    void whatDoesNotExistIsRefused() {
        try (Arena arena = Arena.ofShared()) {
            assertThatThrownBy(() -> ZeroedMemory.allocate(arena, 1L << 60, 64))
                    .isInstanceOf(OutOfMemoryError.class)
                    .hasMessage("the system has no " + (1L << 60) + " bytes");
        }
    }
}
