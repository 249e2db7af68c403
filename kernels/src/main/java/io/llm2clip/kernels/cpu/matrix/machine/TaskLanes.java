package io.llm2clip.kernels.cpu.matrix.machine;

import java.util.concurrent.atomic.AtomicInteger;

/** Tasks in as many equal rows as there are workers: each takes those of its own row, in order, and then those that others have left. */
final class TaskLanes {
    /** No task is left. */
    static final int NONE = -1;

    private final int tasks;
    private final AtomicInteger[] next;

    TaskLanes(int tasks, int workers) {
        this.tasks = tasks;
        next = new AtomicInteger[workers];
        for (int worker = 0; worker < workers; worker++) {
            next[worker] = new AtomicInteger(first(worker));
        }
    }

    private int first(int worker) {
        return (int) first(tasks, worker, next.length);
    }

    /** The first task of a worker's row, which ends where that of the next one begins. */
    static long first(long tasks, int worker, int workers) {
        return tasks * worker / workers;
    }

    /** A task that nobody has taken yet, or {@link #NONE}. */
    int take(int worker) {
        for (int i = 0; i < next.length; i++) {
            int lane = (worker + i) % next.length;
            int end = first(lane + 1);
            if (next[lane].get() < end) {
                int task = next[lane].getAndIncrement();
                if (task < end) {
                    return task;
                }
            }
        }
        return NONE;
    }
}
