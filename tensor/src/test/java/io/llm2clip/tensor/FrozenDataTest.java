package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Packing;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Frozen elements never change, whoever writes; so copies of them in other layouts stay right. */
class FrozenDataTest {
    private static final Packing WIDE = new Packing("wide", DType.F32, 1, 3, 1, 100);
    private static final Packing NARROW = new Packing("narrow", DType.F32, 1, 3, 1, 10);

    private static final String REFUSED =
            ": expected elements that may change, found frozen ones; write to a copy, or read them by readOnly().";

    @TempDir
    private Path directory;

    private static TensorData frozen(float... values) {
        return TensorData.of(Shape.of(values.length), values).freeze();
    }

    @Test
    void everyWayOfWritingIsRefused() {
        TensorData data = frozen(1, 2, 3);
        assertThat(data.isFrozen()).isTrue();
        for (Runnable write : List.<Runnable>of(
                data::segment, () -> data.fill(4, 5, 6), () -> data.copyFrom(TensorData.of(Shape.of(3), 4, 5, 6)))) {
            assertThatThrownBy(write::run)
                    .isInstanceOf(TensorException.class)
                    .hasMessage("Writing to F32 [3]" + REFUSED);
        }
        assertThatThrownBy(() -> data.readOnly().set(ValueLayout.JAVA_FLOAT, 0, 4))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(data.toFloats()).containsExactly(1, 2, 3);
    }

    @Test
    void programsAndTheInterpreterReadThem() {
        Tensor sum = Tensor.variable("w", frozen(1, 2, 3)).reshape(3, 1).add(Tensor.variable("v", frozen(4)));
        assertThat(sum.evaluate().toFloats()).containsExactly(5, 6, 7);
        assertThat(Interpreter.evaluate(List.of(sum), Map.of()).getFirst().toFloats())
                .containsExactly(5, 6, 7);
    }

    @Test
    void whatIsMappedForReadingIsFrozenAndUsedInPlace() throws IOException {
        Path file = Files.write(directory.resolve("w"), new byte[24]);
        try (Arena arena = Arena.ofShared();
                FileChannel channel = FileChannel.open(file)) {
            MemorySegment mapped = channel.map(MapMode.READ_ONLY, 0, 24, arena);
            TensorData data = new TensorData(Shape.of(5), DType.F32, mapped.asSlice(4));
            assertThat(data.isFrozen()).isTrue();
            assertThat(Tensor.variable("w", data).exp().evaluate().toFloats()).containsOnly(1);
            data.unload();
            assertThat(data.toFloats()).containsOnly(0);
            assertThatThrownBy(() -> new TensorData(Shape.of(5), DType.F32, mapped.asSlice(2, 20)))
                    .isInstanceOf(TensorException.class)
                    .hasMessage("Tensor data F32 [5] lies at address " + (mapped.address() + 2)
                            + ", expected a multiple of 4; copy it to memory that is aligned.");
        }
    }

    @Test
    void packedCopiesAreMadeOncePerPackingAndFreedTogether() {
        long before = EngineMemory.liveBytes();
        TensorData data = frozen(1, 2, 3);
        AtomicInteger made = new AtomicInteger();
        MemorySegment wide = data.packed(WIDE, _ -> made.incrementAndGet());
        assertThat(data.packed(WIDE, _ -> made.incrementAndGet())).isSameAs(wide);
        assertThat(made).hasValue(1);
        assertThat(wide.address() % 64).isZero();
        MemorySegment narrow = data.packed(NARROW, _ -> made.incrementAndGet());
        assertThat(narrow.byteSize()).isEqualTo(10);
        assertThat(EngineMemory.liveBytes() - before).isEqualTo(110);
        data.release();
        data.release();
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
        assertThat(wide.scope().isAlive()).isFalse();
        assertThatThrownBy(() -> data.packed(WIDE, _ -> {}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Elements F32 [3] were freed or replaced by others; compile again what works on them.");
    }

    @Test
    void aCopyThatFindsNoMemoryLeavesNothing() {
        long before = EngineMemory.liveBytes();
        TensorData data = frozen(1, 2, 3);
        EngineMemory.limit(before + 99);
        try {
            assertThatThrownBy(() -> data.packed(WIDE, _ -> {}))
                    .isInstanceOf(OutOfMemoryError.class)
                    .hasMessageStartingWith("No 0.000 GB of memory for packed weights, ");
        } finally {
            EngineMemory.limit(Long.MAX_VALUE);
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
        assertThat(data.packed(WIDE, _ -> {}).byteSize()).isEqualTo(100);
        data.release();
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    @Test
    void aPackerThatFailsLeavesNothing() {
        long before = EngineMemory.liveBytes();
        TensorData data = frozen(1, 2, 3);
        assertThatThrownBy(() -> data.packed(WIDE, _ -> {
                    throw new IllegalStateException("no");
                }))
                .hasMessage("no");
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
        AtomicInteger made = new AtomicInteger();
        data.packed(WIDE, _ -> made.incrementAndGet());
        assertThat(made).hasValue(1);
        data.release();
    }

    @Test
    void elementsThatMayChangeHaveNoPackedCopies() {
        TensorData data = TensorData.of(Shape.of(1), 1);
        assertThatThrownBy(() -> data.packed(WIDE, _ -> {}))
                .isInstanceOf(TensorException.class)
                .hasMessage("Packed copy of F32 [1]: expected frozen elements, found some that may change;"
                        + " freeze() them, or pack for each use.");
    }
}
