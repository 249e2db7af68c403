package io.llm2clip.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Has one run at a time fetch a content; the others wait, and find it. The file stays, as nobody could tell whether another waits for it.
 * Programs with locks of another kind are not kept out, which is why contents are checked as they lie on the disk.
 */
final class ContentLock implements AutoCloseable {
    /** The system's locks are those of a process, not of a thread. */
    private static final Map<Path, ReentrantLock> WITHIN = new ConcurrentHashMap<>();

    private static final Duration POLL = Duration.ofMillis(200);

    private final ReentrantLock within;
    private final FileChannel channel;

    private ContentLock(ReentrantLock within, FileChannel channel) {
        this.within = within;
        this.channel = channel;
    }

    /**
     * Waits for it.
     *
     * @param waiting runs if another run has it
     */
    static ContentLock acquire(Path file, Runnable waiting) throws IOException {
        ReentrantLock within = WITHIN.computeIfAbsent(file, _ -> new ReentrantLock());
        try {
            if (!within.tryLock()) {
                waiting.run();
                within.lockInterruptibly();
            }
        } catch (InterruptedException e) {
            throw interrupted();
        }
        ContentLock lock = null;
        try {
            Files.createDirectories(file.resolveSibling(""));
            lock = new ContentLock(within, FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE));
        } finally {
            if (lock == null) {
                within.unlock();
            }
        }
        boolean held = false;
        try {
            await(lock.channel, waiting);
            held = true;
            return lock;
        } finally {
            if (!held) {
                lock.close();
            }
        }
    }

    private static void await(FileChannel channel, Runnable waiting) throws IOException {
        boolean said = false;
        while (true) {
            FileLock lock;
            try {
                lock = channel.tryLock();
            } catch (IOException e) {
                // A file system without locks.
                return;
            }
            if (lock != null) {
                return;
            }
            if (!said) {
                said = true;
                waiting.run();
            }
            try {
                Thread.sleep(POLL);
            } catch (InterruptedException e) {
                throw interrupted();
            }
        }
    }

    private static CancellationException interrupted() {
        Thread.currentThread().interrupt();
        return new CancellationException("Interrupted while waiting for another run.");
    }

    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            within.unlock();
        }
    }
}
