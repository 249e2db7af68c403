package io.llm2clip.image;

import java.io.InterruptedIOException;
import java.util.concurrent.Semaphore;

/**
 * The memory that pictures may take while they are decoded, over all threads: a large one waits until there is room, and
 * one that is larger than everything is decoded alone, piece by piece where its format allows that.
 */
final class DecodingMemory {
    /** A third of the heap; the rest is for vectors, models and the training images. */
    static final DecodingMemory SHARED = new DecodingMemory(Runtime.getRuntime().maxMemory() / 3);

    private static final int UNIT = 1024;

    private final int units;
    private final Semaphore free;

    DecodingMemory(long bytes) {
        units = Math.clamp(bytes / UNIT, 1, Integer.MAX_VALUE);
        free = new Semaphore(units, true);
    }

    /** All of it. */
    long bytes() {
        return (long) units * UNIT;
    }

    /** A part that is in use until it is closed. */
    interface Lease extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Waits for {@code bytes}, or for everything if that is less.
     *
     * @throws InterruptedIOException if this thread is interrupted
     */
    Lease take(long bytes) throws InterruptedIOException {
        int wanted = Math.clamp((bytes + UNIT - 1) / UNIT, 1, units);
        try {
            free.acquire(wanted);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while it waited for memory");
        }
        return () -> free.release(wanted);
    }
}
