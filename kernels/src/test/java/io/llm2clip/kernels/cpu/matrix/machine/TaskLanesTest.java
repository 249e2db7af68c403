package io.llm2clip.kernels.cpu.matrix.machine;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.cpu.runtime.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class TaskLanesTest {
    @Property(tries = 200)
    void aWorkerAloneTakesItsOwnTasksFirstAndThenAllOthers(
            @ForAll @IntRange(max = 40) int tasks,
            @ForAll @IntRange(min = 1, max = 9) int workers,
            @ForAll @IntRange(max = 8) int number) {
        int worker = number % workers;
        TaskLanes lanes = new TaskLanes(tasks, workers);
        List<Integer> taken = new ArrayList<>();
        for (int task = lanes.take(worker); task != TaskLanes.NONE; task = lanes.take(worker)) {
            taken.add(task);
        }
        int first = tasks * worker / workers;
        List<Integer> expected = new ArrayList<>();
        for (int i = 0; i < tasks; i++) {
            expected.add((first + i) % tasks);
        }
        assertThat(taken).isEqualTo(expected);
        assertThat(lanes.take(worker)).isEqualTo(TaskLanes.NONE);
    }

    @Example
    void everyTaskIsTakenOnce() {
        try (Workers workers = new Workers(4)) {
            for (int run = 0; run < 300; run++) {
                TaskLanes lanes = new TaskLanes(101, workers.threads());
                AtomicIntegerArray taken = new AtomicIntegerArray(101);
                workers.parallel(workers.threads(), (number, worker) -> {
                    for (int task = lanes.take(worker); task != TaskLanes.NONE; task = lanes.take(worker)) {
                        taken.incrementAndGet(task);
                    }
                });
                for (int task = 0; task < 101; task++) {
                    assertThat(taken.get(task)).isEqualTo(1);
                }
            }
        }
    }
}
