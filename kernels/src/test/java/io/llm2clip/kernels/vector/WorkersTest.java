package io.llm2clip.kernels.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

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

    @Test
    void impossibleUsesAreRefused() {
        assertThatThrownBy(() -> new Workers(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("found 0")
                .hasMessageContaining("llm2clip.threads");
        Workers workers = new Workers(2);
        workers.close();
        assertThatThrownBy(() -> workers.parallel(2, (task, worker) -> {}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }
}
