package io.llm2clip.tensor.internal.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WorkspaceTest {
    private record Memory(int number, Map<DType, Long> bytes) {}

    private final Set<Memory> held = new HashSet<>();
    private int made;
    private long available = Long.MAX_VALUE;

    private final Workspace<Memory> workspace = new Workspace<>(new Workspace.Source<>() {
        @Override
        public Memory allocate(Map<DType, Long> bytes) {
            if (bytes.values().stream().mapToLong(Long::longValue).sum() > available) {
                throw new OutOfMemoryError("planted");
            }
            Memory memory = new Memory(made++, Map.copyOf(bytes));
            held.add(memory);
            assertThat(held).as("never two").hasSize(1);
            return memory;
        }

        @Override
        public void free(Memory memory) {
            assertThat(held.remove(memory)).as("freed once").isTrue();
        }
    });

    @AfterEach
    void nothingIsLeft() {
        assertThat(held).isEmpty();
    }

    private static Map<DType, Long> floats(long bytes) {
        return Map.of(DType.F32, bytes);
    }

    private static Memory where(Workspace<Memory>.Share share) {
        List<Memory> seen = new ArrayList<>();
        share.run(seen::add);
        return seen.getFirst();
    }

    private static void close(Workspace<Memory>.Share share) {
        share.close(() -> {});
    }

    @Test
    void itIsAsLargeAsTheLargestThatIsOpen() {
        var small = workspace.open(floats(10));
        assertThat(where(small)).isEqualTo(new Memory(0, floats(10)));
        var large = workspace.open(floats(100));
        assertThat(where(small)).isEqualTo(new Memory(1, floats(100)));
        var middle = workspace.open(floats(50));
        assertThat(where(middle)).isEqualTo(where(large)).isEqualTo(where(small));
        close(large);
        assertThat(held).as("allocated when it is needed next").isEmpty();
        assertThat(where(small)).isEqualTo(new Memory(2, floats(50)));
        close(small);
        assertThat(where(middle).number).as("still there").isEqualTo(2);
        close(middle);
        close(middle);
    }

    @Test
    void everyElementTypeHasTheMostThatOneNeeds() {
        var a = workspace.open(Map.of(DType.F32, 10L, DType.I32, 4L));
        var b = workspace.open(Map.of(DType.F32, 8L, DType.BF16, 2L));
        assertThat(where(a).bytes).isEqualTo(Map.of(DType.F32, 10L, DType.I32, 4L, DType.BF16, 2L));
        close(a);
        assertThat(where(b).bytes).isEqualTo(Map.of(DType.F32, 8L, DType.BF16, 2L));
        close(b);
    }

    @Test
    void oneThatNeedsNothingRunsToo() {
        var share = workspace.open(Map.of());
        assertThat(where(share).bytes).isEmpty();
        close(share);
    }

    @Test
    void whatCannotBeAllocatedLeavesTheOthersAsTheyWere() {
        available = 50;
        var small = workspace.open(floats(10));
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> workspace.open(floats(100))).hasMessage("planted");
        }
        assertThat(where(small).bytes).isEqualTo(floats(10));
        // Also if there is no memory for them for a time.
        available = 0;
        assertThatThrownBy(() -> workspace.open(floats(11))).hasMessage("planted");
        assertThatThrownBy(() -> where(small)).hasMessage("planted");
        available = 50;
        assertThat(where(small).bytes).isEqualTo(floats(10));
        close(small);
    }

    @Test
    void runsOfSeveralThreadsTakeTurns() throws InterruptedException {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger runs = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            int size = 10 * (t + 1);
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    for (int i = 0; i < 200; i++) {
                        var share = workspace.open(floats(size));
                        share.run(memory -> {
                            assertThat(inside.incrementAndGet()).isEqualTo(1);
                            assertThat(memory.bytes.get(DType.F32)).isGreaterThanOrEqualTo(size);
                            runs.incrementAndGet();
                            inside.decrementAndGet();
                        });
                        share.close(() -> assertThat(inside.get()).isZero());
                    }
                } catch (Throwable e) {
                    synchronized (failures) {
                        failures.add(e);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
        assertThat(runs).hasValue(800);
    }

    @Test
    void closingWaitsForTheRun() throws InterruptedException {
        var share = workspace.open(floats(10));
        CountDownLatch started = new CountDownLatch(1);
        List<String> order = new ArrayList<>();
        Thread runner = Thread.ofPlatform()
                .start(() -> share.run(memory -> {
                    started.countDown();
                    try {
                        Thread.sleep(50);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    order.add("run");
                }));
        started.await();
        share.close(() -> order.add("closed"));
        runner.join();
        assertThat(order).containsExactly("run", "closed");
        assertThatThrownBy(() -> where(share))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("A program was closed while a run of it waited for its turn; close it after its last run.");
    }

    @Test
    void aRunWithinARunIsRefused() {
        var outer = workspace.open(floats(10));
        var inner = workspace.open(floats(5));
        String message = "A program was compiled, run or closed from within the run of another one, whose values lie in"
                + " the same memory; do so after that run.";
        outer.run(memory -> {
            assertThatThrownBy(() -> where(inner)).hasMessage(message);
            assertThatThrownBy(() -> close(inner)).hasMessage(message);
            assertThatThrownBy(() -> workspace.open(floats(1))).hasMessage(message);
        });
        assertThat(where(inner)).isEqualTo(where(outer));
        assertThatThrownBy(() -> outer.run(memory -> {
                    throw new IllegalStateException("a kernel failed");
                }))
                .hasMessage("a kernel failed");
        assertThat(where(inner)).isEqualTo(where(outer));
        close(outer);
        close(inner);
    }

    @Test
    void aFailureToFreeThePinnedMemoryDoesNotKeepTheShareOpen() {
        var share = workspace.open(floats(10));
        assertThatThrownBy(() -> share.close(() -> {
                    throw new IllegalStateException("in use");
                }))
                .hasMessage("in use");
        assertThat(held).isEmpty();
    }
}
