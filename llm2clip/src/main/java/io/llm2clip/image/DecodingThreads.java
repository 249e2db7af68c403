package io.llm2clip.image;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Threads for decoders, which hostile bytes may keep busy for ever. No thread can be ended from outside in Java, so nobody waits any
 * longer for one that has used up its time; it is interrupted, and ends when its decoder next reads. What is measured is processor time,
 * which a loaded machine does not use up.
 */
final class DecodingThreads {
    /** Far more than the largest picture takes that is not refused. */
    static final DecodingThreads SHARED = new DecodingThreads(Duration.ofMinutes(2));

    private static final int IDLE_SECONDS = 5;
    private static final long SHORTEST_WAIT = 10_000_000;
    private static final ThreadMXBean TIMES = ManagementFactory.getThreadMXBean();
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final ThreadPoolExecutor THREADS = new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            work -> Thread.ofPlatform()
                    .name("image-decoder-" + NUMBER.incrementAndGet())
                    .daemon()
                    .unstarted(work));

    private final Duration limit;

    /** @param limit processor time of one {@link #run} */
    DecodingThreads(Duration limit) {
        this.limit = limit;
    }

    private static final class Task<T> extends FutureTask<T> {
        private volatile @Nullable Thread thread;
        private volatile long start;

        Task(Callable<T> work) {
            super(work);
        }

        @Override
        public void run() {
            start = TIMES.getCurrentThreadCpuTime();
            thread = Thread.currentThread();
            super.run();
        }

        /** Processor time so far in nanoseconds. */
        long used() {
            Thread running = thread;
            return running == null ? 0 : TIMES.getThreadCpuTime(running.threadId()) - start;
        }
    }

    /**
     * Does the work and throws what it throws.
     *
     * @throws IOException also if the work takes longer than the limit
     * @throws InterruptedIOException if this thread is interrupted; the work is, too
     */
    <T> T run(Callable<T> work) throws IOException {
        Task<T> task = new Task<>(work);
        THREADS.execute(task);
        try {
            long left = limit.toNanos();
            while (left > 0) {
                try {
                    return task.get(Math.max(left, SHORTEST_WAIT), TimeUnit.NANOSECONDS);
                } catch (TimeoutException e) {
                    left = limit.toNanos() - task.used();
                }
            }
            throw new IOException("decoding takes more than %s seconds".formatted(limit.toMillis() / 1000.0));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while the image was decoded");
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException cause -> throw cause;
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw new IllegalStateException("Decoding failed.", e);
            }
        } finally {
            task.cancel(true);
        }
    }
}
