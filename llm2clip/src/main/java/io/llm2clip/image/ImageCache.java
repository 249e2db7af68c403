package io.llm2clip.image;

import io.llm2clip.data.InputException;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.progress.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Training images in memory: 8-bit at model resolution, {@code 3 * S * S} bytes each. Immutable once loaded. */
public final class ImageCache {
    private final Preprocessing preprocessing;
    private final @Nullable RgbImage[] images;
    private final List<Failure> failures;

    /** An image that cannot be used, and why. */
    public record Failure(int index, String reason) {}

    private ImageCache(Preprocessing preprocessing, @Nullable RgbImage[] images, List<Failure> failures) {
        this.preprocessing = preprocessing;
        this.images = images;
        this.failures = failures;
    }

    /**
     * Decodes and resizes {@code files} on {@code threads} platform threads, which all report to {@code phase}.
     *
     * <p>Broken images do not stop the load; they are in {@link #failures()} and the caller leaves their indices out.
     */
    public static ImageCache load(
            List<Path> files, ImageReader reader, Preprocessing preprocessing, int threads, Progress.Phase phase) {
        if (threads < 1) {
            throw new IllegalArgumentException("Loading images needs at least one thread, not " + threads + ".");
        }
        @Nullable RgbImage[] images = new RgbImage[files.size()];
        Queue<Failure> failures = new ConcurrentLinkedQueue<>();
        var next = new AtomicInteger();
        Runnable work = () -> {
            for (int i = next.getAndIncrement(); i < images.length; i = next.getAndIncrement()) {
                try {
                    images[i] = reader.square(files.get(i), preprocessing);
                } catch (InputException e) {
                    failures.add(new Failure(i, e.getMessage()));
                }
                phase.advance(1);
            }
        };
        runAll(work, Math.min(threads, Math.max(1, images.length)));
        List<Failure> sorted = new ArrayList<>(failures);
        sorted.sort(Comparator.comparingInt(Failure::index));
        return new ImageCache(preprocessing, images, List.copyOf(sorted));
    }

    /** Takes images that are in memory already. */
    public static ImageCache of(List<RgbImage> images, Preprocessing preprocessing) {
        RgbImage[] squares = images.stream().map(preprocessing::square).toArray(RgbImage[]::new);
        return new ImageCache(preprocessing, squares, List.of());
    }

    /** The number of files, broken ones included. */
    public int size() {
        return images.length;
    }

    /** What could not be loaded, by index. */
    public List<Failure> failures() {
        return failures;
    }

    /** The indices of the images that could be loaded, in order. */
    public int[] usable() {
        return IntStream.range(0, images.length).filter(i -> images[i] != null).toArray();
    }

    /** The same images under the same indices, of which only the given ones are usable. */
    public ImageCache only(List<Integer> indices) {
        @Nullable RgbImage[] kept = new RgbImage[images.length];
        indices.forEach(i -> kept[i] = image(i));
        return new ImageCache(preprocessing, kept, failures);
    }

    /** The S x S image at {@code index}. */
    public RgbImage image(int index) {
        RgbImage image = images[index];
        if (image == null) {
            throw new IllegalArgumentException(
                    "Image %d could not be loaded or was left out; take the indices of usable().".formatted(index));
        }
        return image;
    }

    /** Model input {@code [B, 3, S, S]} of the given images. */
    public float[] batch(int... indices) {
        float[] batch = new float[Math.multiplyExact(indices.length, preprocessing.inputLength())];
        for (int b = 0; b < indices.length; b++) {
            preprocessing.normalize(image(indices[b]), batch, b * preprocessing.inputLength());
        }
        return batch;
    }

    /**
     * Model input {@code [B, 3, S, S]} with every image moved by up to {@code reach} pixels along each axis.
     *
     * @param seed for example of the step; image b is moved by a function of it and b
     */
    public float[] shiftedBatch(int reach, long seed, int... indices) {
        float[] batch = new float[Math.multiplyExact(indices.length, preprocessing.inputLength())];
        Workers.shared().parallel(indices.length, (b, _) -> {
            RgbImage shifted = Augmentation.randomShift(image(indices[b]), reach, seed * 1_000_003 + b);
            preprocessing.normalize(shifted, batch, b * preprocessing.inputLength());
        });
        return batch;
    }

    private static void runAll(Runnable work, int threads) {
        Thread[] workers = new Thread[threads];
        var failure = new Throwable[1];
        Arrays.setAll(
                workers,
                i -> Thread.ofPlatform()
                        .name("image-reader-" + i)
                        .daemon()
                        .uncaughtExceptionHandler((thread, e) -> {
                            synchronized (failure) {
                                failure[0] = e;
                            }
                        })
                        .start(work));
        try {
            for (Thread worker : workers) {
                worker.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Loading images was interrupted.", e);
        }
        synchronized (failure) {
            if (failure[0] != null) {
                throw new IllegalStateException("Loading images failed: " + failure[0].getMessage(), failure[0]);
            }
        }
    }
}
