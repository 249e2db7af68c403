package io.llm2clip.tensor.internal.accelerator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.internal.compiler.Target;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ScratchSizeTest {
    /** Of f32 elements 1024 bytes are in one piece. */
    private static final Target TARGET = new Target(
            "a device",
            () -> Set.of(Precision.F32),
            Set.of(DType.F32),
            64,
            (op, precision) -> null,
            false,
            Map.of(DType.F32, 1024L, DType.BF16, 4096L),
            op -> null);

    @Test
    void scratchMemoryFollowsTheValuesWithinOneArena() {
        ScratchSize scratch = new ScratchSize(Map.of(DType.F32, 700L, DType.I32, 64L), TARGET);
        assertThat(scratch.bytes()).isEqualTo(Map.of(DType.F32, 700L, DType.I32, 64L));
        scratch.need(DType.F32, 32);
        scratch.need(DType.F32, 10);
        scratch.need(DType.BF16, 100);
        assertThat(scratch.start(DType.F32)).isEqualTo(768);
        assertThat(scratch.bytes()).isEqualTo(Map.of(DType.F32, 768L + 128, DType.I32, 64L, DType.BF16, 200L));
        scratch.need(DType.F32, 64);
        assertThat(scratch.start(DType.F32)).as("just behind the values").isEqualTo(768);
        scratch.need(DType.F32, 65);
        assertThat(scratch.start(DType.F32)).as("in the next arena").isEqualTo(1024);
        assertThat(scratch.bytes()).containsEntry(DType.F32, 1024L + 260);
        scratch.need(DType.F32, 256);
        assertThat(scratch.bytes()).containsEntry(DType.F32, 2048L);
    }

    @Test
    void moreThanAnArenaIsRefused() {
        ScratchSize scratch = new ScratchSize(Map.of(), TARGET);
        assertThatThrownBy(() -> scratch.need(DType.F32, 257))
                .isInstanceOf(TensorException.class)
                .hasMessage(
                        "Scratch memory of 257 elements of F32 takes 1028 bytes on a device, expected at most 1024, as"
                                + " it must be in one arena of the device's memory; use smaller batches, or allow more of its"
                                + " memory (--device-memory).");
        assertThat(scratch.bytes()).isEmpty();
    }
}
