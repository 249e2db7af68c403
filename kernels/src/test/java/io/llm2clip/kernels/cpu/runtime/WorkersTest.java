package io.llm2clip.kernels.cpu.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class WorkersTest {

    @Property(tries = 200)
    void everyTaskRunsOnceByAnExclusiveWorker(
            @ForAll @IntRange(min = 1, max = 4) int threads, @ForAll @IntRange(min = 0, max = 300) int tasks) {
        try (Workers workers = new Workers(threads)) {
            AtomicIntegerArray runs = new AtomicIntegerArray(tasks);
            AtomicIntegerArray busy = new AtomicIntegerArray(threads);
            for (int repeat = 1; repeat <= 3; repeat++) {
                workers.parallel(tasks, (task, worker) -> {
                    assertThat(busy.incrementAndGet(worker)).isEqualTo(1);
                    runs.incrementAndGet(task);
                    busy.decrementAndGet(worker);
                });
                for (int t = 0; t < tasks; t++) {
                    assertThat(runs.get(t)).isEqualTo(repeat);
                }
            }
        }
    }

    @Test
    void aNestedLoopRunsOnTheTasksOwnWorker() {
        try (Workers workers = new Workers(3)) {
            AtomicInteger inner = new AtomicInteger();
            workers.parallel(
                    20,
                    (task, worker) -> workers.parallel(5, (nested, nestedWorker) -> {
                        assertThat(nestedWorker).isEqualTo(worker);
                        inner.incrementAndGet();
                    }));
            assertThat(inner).hasValue(100);
        }
    }

    @Test
    void aTasksExceptionReachesTheCallerAndThePoolStaysUsable() {
        try (Workers workers = new Workers(2)) {
            assertThatThrownBy(() -> workers.parallel(100, (task, worker) -> {
                        if (task == 63) {
                            throw new ArithmeticException("task 63");
                        }
                    }))
                    .isInstanceOf(ArithmeticException.class)
                    .hasMessage("task 63");
            AtomicInteger runs = new AtomicInteger();
            workers.parallel(10, (task, worker) -> runs.incrementAndGet());
            assertThat(runs).hasValue(10);
        }
    }

    @Test
    void callersOnSeveralThreadsTakeTurns() throws InterruptedException {
        try (Workers workers = new Workers(2)) {
            int[] perWorker = new int[2 * 32];
            Thread[] callers = new Thread[3];
            for (int c = 0; c < callers.length; c++) {
                callers[c] = Thread.ofPlatform().start(() -> {
                    for (int i = 0; i < 200; i++) {
                        workers.parallel(8, (task, worker) -> perWorker[worker * 32]++);
                    }
                });
            }
            for (Thread caller : callers) {
                caller.join();
            }
            assertThat(perWorker[0] + perWorker[32]).isEqualTo(3 * 200 * 8);
        }
    }

    @Test
    void aThreadThatRunsATaskIsToldSo() {
        try (Workers workers = new Workers(2);
                Workers others = new Workers(1)) {
            assertThat(workers.isWorking()).isFalse();
            workers.parallel(20, (task, worker) -> {
                assertThat(workers.isWorking()).isTrue();
                assertThat(others.isWorking()).isFalse();
            });
            assertThat(workers.isWorking()).isFalse();
        }
    }

    @Test
    void scratchIsAlignedDistinctAndGrows() {
        try (Workers workers = new Workers(2)) {
            long first = workers.scratch(0, 100);
            long second = workers.scratch(1, 100);
            assertThat(first % 64).isZero();
            assertThat(Math.abs(first - second)).isGreaterThanOrEqualTo(100);
            long grown = workers.scratch(0, 1 << 20);
            Memory.putFloat(grown + (1 << 20) - 4, 3);
            assertThat(Memory.getFloat(grown + (1 << 20) - 4)).isEqualTo(3);
            assertThat(workers.scratch(0, 100)).isEqualTo(grown);
        }
    }

    /** Sums and rows that are pages apart are in one page. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void muchScratchBeginsWithALargePage() {
        try (Workers workers = new Workers(1)) {
            assertThat(workers.scratch(0, 600_000) % (2 << 20)).isZero();
            assertThat(workers.scratch(0, (4 << 20) + 5) % (2 << 20)).isZero();
        }
    }

    /** After a failure there is no memory, not the address of what was freed to make room. */
    @Test
    void scratchThatCannotBeAllocatedLeavesNoAddress() {
        try (Workers workers = new Workers(1)) {
            workers.scratch(0, 1 << 20);
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> workers.scratch(0, Long.MAX_VALUE / 2)).isInstanceOf(OutOfMemoryError.class);
                assertThatThrownBy(() -> workers.scratch(0, Long.MAX_VALUE)).isInstanceOf(OutOfMemoryError.class);
            }
            assertThatThrownBy(() -> workers.scratch(0, -4))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Scratch memory of -4 bytes, expected 0 or more; split the operation.");
            long again = workers.scratch(0, 1 << 20);
            Memory.putFloat(again + (1 << 20) - 4, 3);
            assertThat(workers.scratch(0, 1 << 20)).isEqualTo(again);
        }
    }

    @Test
    void impossibleUsesAreRefused() {
        for (int threads : new int[] {0, -1, 100_000}) {
            assertThatThrownBy(() -> new Workers(threads))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageMatching(
                            "Workers of " + threads + " threads, expected 1 to \\d+; ask for as many as processors.");
        }
    }

    @Test
    void closedWorkersDoNothing() {
        Workers workers = new Workers(2);
        workers.scratch(0, 100);
        workers.close();
        workers.close();
        for (int tasks : new int[] {1, 2}) {
            assertThatThrownBy(() -> workers.parallel(tasks, (task, worker) -> {}))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
        assertThatThrownBy(() -> workers.scratch(0, 100)).hasMessageContaining("closed");
    }

    @Test
    void noFailureOfATaskIsLost() {
        try (Workers workers = new Workers(2)) {
            assertThatThrownBy(() -> workers.parallel(100, (task, worker) -> throwAsUnchecked(new IOException("disk"))))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("A task failed: disk");
        }
    }

    @SuppressWarnings("unchecked") // the cast is not checked, which is the point
    private static <E extends Throwable> void throwAsUnchecked(Throwable failure) throws E {
        throw (E) failure;
    }
}
