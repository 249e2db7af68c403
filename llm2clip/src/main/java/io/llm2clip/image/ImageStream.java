package io.llm2clip.image;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Future;

/**
 * The images of a source in their order, read ahead while the caller works on those before. An image that cannot be read is
 * {@link ImageResult.Failure one of the results}; the others go on. For one thread.
 */
public final class ImageStream implements Iterator<ImageResult>, AutoCloseable {
    private final ImageSource source;
    private final ImageThreads threads;
    private final int ahead;
    private final Deque<Future<ImageResult>> reading = new ArrayDeque<>();
    private int next;

    /** @param ahead how many images, each of the model's size, are kept for the caller at most */
    public ImageStream(ImageSource source, int ahead) {
        this(source, ahead, ImageThreads.shared());
    }

    ImageStream(ImageSource source, int ahead, ImageThreads threads) {
        if (ahead < 1) {
            throw new IllegalArgumentException("Expected to read at least one image ahead, not " + ahead + ".");
        }
        this.source = source;
        this.ahead = ahead;
        this.threads = threads;
    }

    /** As many as a caller needs that takes {@code batch} at a time: while it works on some, the next are read. */
    public static ImageStream ofBatches(ImageSource source, int batch) {
        ImageThreads threads = ImageThreads.shared();
        return new ImageStream(source, Math.max(batch, threads.count()) + batch, threads);
    }

    @Override
    public boolean hasNext() {
        return !reading.isEmpty() || next < source.count();
    }

    /**
     * The next image, when it has been read.
     *
     * @throws CancellationException if this thread is interrupted; nothing more is read then
     */
    @Override
    public ImageResult next() {
        if (!hasNext()) {
            throw new NoSuchElementException("All %d images were taken.".formatted(source.count()));
        }
        readAhead();
        try {
            ImageResult result = ImageThreads.await(reading.getFirst());
            reading.removeFirst();
            readAhead();
            return result;
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** The images. */
    public ImageSource source() {
        return source;
    }

    /** Begins to read the first of them, which {@link #next} does otherwise. */
    public void readAhead() {
        while (reading.size() < ahead && next < source.count()) {
            reading.add(threads.read(source, next));
            next++;
        }
    }

    /** Gives up what was not taken; images that are being read are interrupted. */
    @Override
    public void close() {
        next = source.count();
        // The last first: a thread that is interrupted must not begin one that is still to be canceled.
        reading.reversed().forEach(task -> task.cancel(true));
        reading.clear();
    }
}
