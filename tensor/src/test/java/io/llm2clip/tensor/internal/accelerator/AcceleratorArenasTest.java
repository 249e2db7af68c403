package io.llm2clip.tensor.internal.accelerator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.device.ArenaSize;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.tensor.TensorException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AcceleratorArenasTest {
    private final AcceleratorArenas arenas = new AcceleratorArenas("a device", sizes());

    /** Three arenas of f32 elements, numbers 0 to 2, and one of i32 ones. */
    private static List<ArenaSize> sizes() {
        List<ArenaSize> sizes = new ArrayList<>(AcceleratorArenas.divide(DType.F32, 250, 100));
        sizes.addAll(AcceleratorArenas.divide(DType.I32, 64, 100));
        return sizes;
    }

    @Test
    void memoryIsDividedIntoArenasThatIntsAddress() {
        assertThat(sizes())
                .containsExactly(
                        new ArenaSize(DType.F32, 100),
                        new ArenaSize(DType.F32, 100),
                        new ArenaSize(DType.F32, 50),
                        new ArenaSize(DType.I32, 64));
        long most = Integer.MAX_VALUE - 8;
        assertThat(AcceleratorArenas.divide(DType.F32, (60L << 30) / 4, most))
                .hasSize(8)
                .startsWith(new ArenaSize(DType.F32, most))
                .allSatisfy(size -> assertThat(size.elements()).isBetween(1L, most));
        assertThat(AcceleratorArenas.divide(DType.F32, 0, most)).isEmpty();
    }

    @Test
    void eachUseBeginsAtItsEnd() {
        assertThat(take(MemoryUse.VARIABLE, 32)).isEqualTo(new DeviceAddress(0, 0));
        assertThat(take(MemoryUse.PROGRAM, 32)).isEqualTo(new DeviceAddress(2, 0));
        assertThat(take(MemoryUse.VARIABLE, 32)).isEqualTo(new DeviceAddress(0, 32));
        assertThat(take(MemoryUse.PROGRAM, 32)).isEqualTo(new DeviceAddress(1, 0));
        assertThat(take(MemoryUse.VARIABLE, 64)).isEqualTo(new DeviceAddress(1, 32));
        assertThat(take(MemoryUse.VARIABLE, 1)).isEqualTo(new DeviceAddress(0, 64));
        assertThat(arenas.take(MemoryUse.PROGRAM, DType.I32, 64).start()).isEqualTo(new DeviceAddress(3, 0));
        assertThatThrownBy(() -> arenas.take(MemoryUse.PROGRAM, DType.BF16, 1))
                .isInstanceOf(TensorException.class)
                .hasMessageStartingWith("The device memory for BF16 on a device has no room for 2 more bytes: 0 of 0");
    }

    @Test
    void whatHasNoRoomIsSaidAndTakesNothing() {
        assertThat(arenas.largest(DType.F32)).isEqualTo(96);
        assertThatThrownBy(() -> take(MemoryUse.VARIABLE, 97))
                .isInstanceOf(TensorException.class)
                .hasMessage(
                        "The device memory for F32 on a device has no room for 388 more bytes: a value is in one arena,"
                                + " of which the largest has 384; use smaller batches or a smaller model.");
        ArenaRange range = arenas.take(MemoryUse.VARIABLE, DType.F32, 60);
        assertThatThrownBy(() -> take(MemoryUse.VARIABLE, 300))
                .hasMessage(
                        "The device memory for F32 on a device has no room for 1200 more bytes: 640 of 1000 are free,"
                                + " 384 of them in one piece; use smaller batches, or allow more of its memory"
                                + " (--device-memory).");
        arenas.give(range);
        assertThat(take(MemoryUse.VARIABLE, 96)).isEqualTo(new DeviceAddress(0, 0));
    }

    /** Workspace of more than an arena: pieces in several, addressed by one count of bytes. */
    @Test
    void memoryOfAPlanMayBeInSeveralArenas() {
        Map<DType, Long> pieces = new EnumMap<>(Map.of(DType.F32, 96 * 4L, DType.I32, 64 * 4L));
        PlanMemory memory = PlanMemory.take(arenas, Map.of(DType.F32, 110 * 4L, DType.I32, 64L), pieces);
        assertThat(memory.address(DType.F32, 0)).isEqualTo(new DeviceAddress(1, 0));
        assertThat(memory.address(DType.F32, 95 * 4L)).isEqualTo(new DeviceAddress(1, 95));
        assertThat(memory.address(DType.F32, 96 * 4L)).isEqualTo(new DeviceAddress(2, 0));
        assertThat(memory.address(DType.F32, 100 * 4L)).isEqualTo(new DeviceAddress(2, 4));
        assertThat(memory.address(DType.I32, 8)).isEqualTo(new DeviceAddress(3, 2));
        memory.give(arenas);
        assertThat(PlanMemory.take(arenas, Map.of(DType.F32, 110 * 4L, DType.I32, 64L), pieces))
                .isEqualTo(memory);
    }

    /** Of what has room for its first pieces only, these are free again. */
    @Test
    void memoryOfAPlanIsTakenAsAWholeOrNotAtAll() {
        Map<DType, Long> pieces = Map.of(DType.F32, 96 * 4L, DType.I32, 64 * 4L);
        arenas.take(MemoryUse.VARIABLE, DType.F32, 1);
        assertThatThrownBy(() -> PlanMemory.take(arenas, Map.of(DType.I32, 64 * 4L, DType.F32, 2 * 96 * 4L), pieces))
                .isInstanceOf(TensorException.class)
                .hasMessageContaining("has no room for 384 more bytes");
        assertThat(take(MemoryUse.PROGRAM, 96)).isEqualTo(new DeviceAddress(1, 0));
        assertThat(arenas.take(MemoryUse.PROGRAM, DType.I32, 64).start()).isEqualTo(new DeviceAddress(3, 0));
    }

    private DeviceAddress take(MemoryUse use, long elements) {
        return arenas.take(use, DType.F32, elements).start();
    }
}
