package io.llm2clip.kernels.cpu.runtime;

import io.llm2clip.kernels.Settings;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A pool of threads that runs one parallel loop at a time.
 *
 * <p>Workers claim tasks from a counter, the caller being worker 0, and the caller waits until all <em>tasks</em> are
 * done, not until all workers have reported: a worker that the operating system wakes late costs nothing. Idle workers
 * spin for some microseconds before they park, because kernels follow each other closely.
 */
public final class Workers implements AutoCloseable {
    private static final int SPINS = 2000;
    private static final long PARK_NANOS = 100_000;

    /** One iteration of a parallel loop. */
    @FunctionalInterface
    public interface Task {
        /**
         * Runs one task.
         *
         * @param task its number, from 0
         * @param worker the running thread, from 0 to {@link Workers#threads()} - 1; two tasks that run at the same time
         *     have different workers, so it may index scratch memory
         */
        void run(int task, int worker);
    }

    private static final class Region {
        final Task task;
        final int tasks;
        final Thread caller;
        final AtomicInteger next = new AtomicInteger();
        final AtomicInteger done = new AtomicInteger();
        volatile @Nullable Throwable failure;

        Region(Task task, int tasks, Thread caller) {
            this.task = task;
            this.tasks = tasks;
            this.caller = caller;
        }

        void work(int worker) {
            for (int t = next.getAndIncrement(); t < tasks; t = next.getAndIncrement()) {
                if (failure == null) { // After a failure the remaining tasks are only counted.
                    try {
                        task.run(t, worker);
                    } catch (Throwable e) {
                        failure = e;
                    }
                }
                if (done.incrementAndGet() == tasks && worker != 0) {
                    LockSupport.unpark(caller);
                }
            }
        }

        boolean finished() {
            return done.get() == tasks;
        }
    }

    private static @Nullable Workers shared;

    private final Thread[] helpers;
    private final ThreadLocal<@Nullable Integer> current = new ThreadLocal<>();
    private final ReentrantLock turn = new ReentrantLock();
    private final GrowingMemory[] scratch;
    private final GrowingMemory[] sharedMemory;
    private volatile @Nullable Region region;
    private volatile boolean closed;

    /**
     * Starts a pool.
     *
     * @param threads how many threads work on a loop, the calling one included
     * @throws IllegalArgumentException if that is less than 1 or more than {@link Settings#maxThreads}
     */
    public Workers(int threads) {
        int most = Settings.maxThreads(Runtime.getRuntime().availableProcessors());
        if (threads < 1 || threads > most) {
            throw new IllegalArgumentException(
                    "Workers of " + threads + " threads, expected 1 to " + most + "; ask for as many as processors.");
        }
        helpers = new Thread[threads - 1];
        scratch = new GrowingMemory[threads];
        sharedMemory = new GrowingMemory[threads];
        Arrays.setAll(scratch, worker -> new GrowingMemory());
        Arrays.setAll(sharedMemory, worker -> new GrowingMemory());
        for (int i = 0; i < helpers.length; i++) {
            int worker = i + 1;
            helpers[i] = Thread.ofPlatform()
                    .daemon()
                    .name("llm2clip-worker-" + worker)
                    .unstarted(() -> serve(worker));
        }
        try {
            for (Thread helper : helpers) {
                helper.start();
            }
        } catch (RuntimeException | Error e) {
            // The system has no more threads: those that it gave would wait forever.
            close();
            throw e;
        }
    }

    /**
     * The pool of this process, of {@code -Dllm2clip.threads} threads, by default one per processor.
     *
     * @throws IllegalArgumentException as {@link Settings#check}; made by the first call, not by loading a class, it can be caught
     */
    public static synchronized Workers shared() {
        if (shared == null) {
            Settings.check();
            shared = new Workers(Settings.threads());
        }
        return shared;
    }

    /** How many threads work on a loop, the calling one included. */
    public int threads() {
        return helpers.length + 1;
    }

    /**
     * Runs tasks {@code 0 .. tasks - 1} in any order and returns when all are done; a call from within a task runs
     * serially. Calls from several threads take turns.
     *
     * @throws RuntimeException whatever a task threw; then some tasks may not have run
     * @throws IllegalStateException if the workers are closed
     */
    public void parallel(int tasks, Task task) {
        Integer worker = current.get();
        if (worker != null) {
            serial(tasks, task, worker);
            return;
        }
        turn.lock();
        current.set(0);
        try {
            requireOpen();
            if (tasks <= 1 || helpers.length == 0) {
                serial(tasks, task, 0);
            } else {
                share(new Region(task, tasks, Thread.currentThread()));
            }
        } finally {
            current.remove();
            turn.unlock();
        }
    }

    /**
     * Runs loops that share memory; loops of other callers wait until all are done.
     *
     * @param bytes how much memory
     * @param loops gets its 64-byte-aligned address, and calls {@link #parallel}; not within another's loops
     * @throws IllegalArgumentException as {@link #scratch}
     * @throws OutOfMemoryError as {@link #scratch}
     */
    public void sharing(long bytes, LongConsumer loops) {
        Integer worker = current.get();
        if (worker != null) {
            loops.accept(sharedMemory[worker].of(bytes));
            return;
        }
        turn.lock();
        try {
            requireOpen();
            loops.accept(sharedMemory[0].of(bytes));
        } finally {
            turn.unlock();
        }
    }

    /** Whether the calling thread is running a task of these workers, who would wait for it for ever if it waited for them. */
    public boolean isWorking() {
        return current.get() != null;
    }

    /**
     * Scratch memory of a worker, for use within a task only; its contents last until the task ends.
     *
     * @param worker the worker that runs the task
     * @param bytes how much is needed
     * @return a 64-byte-aligned address
     * @throws IllegalArgumentException if bytes are negative, as sizes are that have overflowed
     * @throws OutOfMemoryError if there is no such memory; the worker then has none until it asks again
     */
    public long scratch(int worker, long bytes) {
        requireOpen();
        return scratch[worker].of(bytes);
    }

    /** Ends the threads and frees the scratch memory. */
    @Override
    public void close() {
        turn.lock();
        try {
            if (!closed) {
                closed = true;
                for (Thread helper : helpers) {
                    LockSupport.unpark(helper);
                }
                for (int worker = 0; worker < scratch.length; worker++) {
                    scratch[worker].free();
                    sharedMemory[worker].free();
                }
            }
        } finally {
            turn.unlock();
        }
    }

    private static void serial(int tasks, Task task, int worker) {
        for (int t = 0; t < tasks; t++) {
            task.run(t, worker);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("These workers are closed; create new ones or use Workers.shared().");
        }
    }

    private void share(Region shared) {
        region = shared;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
        shared.work(0);
        for (int spins = 0; !shared.finished(); spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(this, PARK_NANOS);
            }
        }
        region = null;
        Throwable failure = shared.failure;
        if (failure instanceof RuntimeException e) {
            throw e;
        } else if (failure instanceof Error e) {
            throw e;
        } else if (failure != null) {
            throw new IllegalStateException("A task failed: " + failure.getMessage(), failure);
        }
    }

    private void serve(int worker) {
        current.set(worker);
        Region last = null;
        int spins = 0;
        while (!closed) {
            Region next = region;
            if (next != null && next != last) {
                last = next;
                next.work(worker);
                spins = 0;
            } else if (spins < SPINS) {
                spins++;
                Thread.onSpinWait();
            } else {
                last = null; // So that a finished loop's operands can be collected.
                LockSupport.park(this);
                spins = 0;
            }
        }
    }
}
