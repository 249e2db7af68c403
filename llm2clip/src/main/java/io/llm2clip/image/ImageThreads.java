package io.llm2clip.image;

import io.llm2clip.data.InputException;
import io.llm2clip.tensor.machine.Processor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The threads that read the images of this process, as many as compute. What decoders need is bounded by {@link DecodingMemory}, what is
 * read ahead by those who read. Idle threads end.
 */
public final class ImageThreads {
    private static final int IDLE_SECONDS = 5;

    private static @Nullable ImageThreads shared;

    private final ExecutorService threads;
    private final int count;

    ImageThreads(int count) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                count,
                count,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                work -> Thread.ofPlatform()
                        .name("image-reader-" + number.incrementAndGet())
                        .daemon()
                        .unstarted(work));
        pool.allowCoreThreadTimeOut(true);
        this.threads = pool;
        this.count = count;
    }

    /** Those of the process. */
    public static synchronized ImageThreads shared() {
        if (shared == null) {
            shared = new ImageThreads(Processor.threadCount());
        }
        return shared;
    }

    /** How many images are read at a time. */
    int count() {
        return count;
    }

    /** Does work that is part of reading images, sooner or later; what it throws, {@link #await} does. */
    public <T> Future<T> submit(Callable<T> work) {
        return threads.submit(work);
    }

    /** Reads an image, sooner or later; whatever goes wrong with it is its failure. */
    Future<ImageResult> read(ImageSource source, int index) {
        return threads.submit(() -> {
            try {
                return new ImageResult.Read(index, source.read(index));
            } catch (InputException e) {
                return new ImageResult.Failure(index, String.valueOf(e.getMessage()));
            } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
                return new ImageResult.Failure(index, UnreadableImage.sentence(source.name(index), "read", e));
            }
        });
    }

    /** As {@link ImageSource#readAll}. */
    List<RgbImage> readAll(ImageSource source) {
        Deque<Future<RgbImage>> tasks = new ArrayDeque<>();
        List<RgbImage> images = new ArrayList<>();
        try {
            for (int i = 0; i < source.count(); i++) {
                int index = i;
                tasks.add(threads.submit(() -> source.read(index)));
            }
            while (!tasks.isEmpty()) {
                images.add(await(tasks.getFirst()));
                tasks.removeFirst();
            }
            return images;
        } finally {
            // The last first, so that no thread begins one that is still to be canceled.
            tasks.reversed().forEach(task -> task.cancel(true));
        }
    }

    /**
     * Waits for what a thread makes.
     *
     * @throws CancellationException if this thread is interrupted
     */
    public static <T> T await(Future<T> task) {
        try {
            if (Thread.currentThread().isInterrupted()) {
                throw new InterruptedException();
            }
            return task.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (CancellationException) new CancellationException("Reading images was interrupted.").initCause(e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw new IllegalStateException("Reading images failed.", e);
            }
        }
    }
}
