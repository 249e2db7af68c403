package io.llm2clip.model;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.data.VectorTarget;
import io.llm2clip.image.ImageResult;
import io.llm2clip.image.ImageSource;
import io.llm2clip.image.ImageStream;
import io.llm2clip.image.RgbImage;
import io.llm2clip.progress.Passes;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;

/** A vision tower over any number of images: embeddings {@code [E]}, not normalized. While it computes, the next images are read. */
public final class ImageEncoder implements AutoCloseable {
    static final int BATCH = 32;

    /** Of a batch of images with their own numbers of patches; bounds the memory of a program. */
    private static final int BATCH_PATCHES = 8192;

    private final VisionConfig config;
    private final BatchedFunction tower;

    /** @param execution where and how it computes */
    public ImageEncoder(VisionTower vision, Execution execution) {
        this.config = vision.config();
        this.tower = new BatchedFunction(vision::embed, execution);
    }

    /**
     * Embeds images, each of which may fail without the others. Those who receive results must not use the encoder meanwhile.
     *
     * @param embeddings receives those of images that can be read
     * @param failures receives the others; both together are in the order of the images
     * @param phase hears of each image
     * @throws CancellationException if the thread is interrupted
     * @throws IllegalArgumentException if the images are not prepared for the tower
     */
    public void encode(
            ImageSource images, VectorTarget embeddings, Consumer<ImageResult.Failure> failures, Progress.Phase phase) {
        try (ImageStream stream = ImageStream.ofBatches(images, BATCH)) {
            encode(stream, embeddings, failures, phase);
        }
    }

    private void encode(
            ImageStream stream, VectorTarget embeddings, Consumer<ImageResult.Failure> failures, Progress.Phase phase) {
        try (Arena arena = Arena.ofShared()) {
            VisionInputs inputs = new VisionInputs(config, stream.source().preprocessing(), arena);
            Batching batching = new Batching(stream, inputs, embeddings, failures, new Passes(phase, 2));
            tower.run(batching, batching, batching.phase);
            batching.fail(Integer.MAX_VALUE);
        }
    }

    /**
     * Embeddings {@code [N, E]} of images that can all be read.
     *
     * @throws InputException of the first that cannot
     */
    public FloatMatrix encode(ImageSource images, Progress.Phase phase) {
        try (ImageStream stream = ImageStream.ofBatches(images, BATCH)) {
            return encode(stream, phase);
        }
    }

    /** Begins to read images for {@link #encode(ImageStream, Progress.Phase)}, ahead of other work. */
    public static ImageStream read(ImageSource images) {
        ImageStream stream = ImageStream.ofBatches(images, BATCH);
        stream.readAhead();
        return stream;
    }

    /**
     * Embeddings {@code [N, E]} of images that are being read, and can all be.
     *
     * @param stream of which nothing was taken
     * @throws InputException of the first that cannot
     */
    public FloatMatrix encode(ImageStream stream, Progress.Phase phase) {
        FloatMatrix embeddings = FloatMatrix.allocate(stream.source().count(), config.projectionSize());
        encode(
                stream,
                embeddings,
                failure -> {
                    throw new InputException(failure.reason());
                },
                phase);
        return embeddings;
    }

    /** Groups the images that can be read, and hands results on in order. */
    private static final class Batching implements Iterator<BatchedFunction.Batch>, VectorTarget {
        private final ImageStream stream;
        private final VisionInputs inputs;
        private final VectorTarget embeddings;
        private final Consumer<ImageResult.Failure> failures;
        /** An image is done when it was both read and embedded. */
        private final Progress.Phase phase;

        private final Deque<ImageResult.Read> read = new ArrayDeque<>();
        /** Behind images that are still to be embedded. */
        private final Deque<ImageResult.Failure> failed = new ArrayDeque<>();

        Batching(
                ImageStream stream,
                VisionInputs inputs,
                VectorTarget embeddings,
                Consumer<ImageResult.Failure> failures,
                Progress.Phase phase) {
            this.stream = stream;
            this.inputs = inputs;
            this.embeddings = embeddings;
            this.failures = failures;
            this.phase = phase;
        }

        @Override
        public boolean hasNext() {
            while (read.size() < BATCH && stream.hasNext()) {
                switch (stream.next()) {
                    case ImageResult.Read image -> {
                        read.add(image);
                        phase.advance(1);
                    }
                    case ImageResult.Failure failure -> {
                        failed.add(failure);
                        phase.advance(2);
                    }
                }
                fail(read.isEmpty() ? Integer.MAX_VALUE : read.getFirst().index());
            }
            return !read.isEmpty();
        }

        @Override
        public BatchedFunction.Batch next() {
            int count = Batches.next(read.size(), BATCH);
            while (count > 1 && room(count) > BATCH_PATCHES) {
                count /= 2;
            }
            int[] items = new int[count];
            List<RgbImage> images = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                ImageResult.Read image = read.removeFirst();
                images.add(image.image());
                items[i] = image.index();
            }
            return new BatchedFunction.Batch(items, inputs.of(images));
        }

        /** Of the first images. */
        private long room(int count) {
            return read.stream()
                    .limit(count)
                    .mapToLong(image -> inputs.room(image.image()))
                    .sum();
        }

        @Override
        public void accept(int index, MemorySegment vector) {
            fail(index);
            embeddings.accept(index, vector);
        }

        /** Hands on the failures before image {@code index}. */
        void fail(int index) {
            while (!failed.isEmpty() && failed.getFirst().index() < index) {
                failures.accept(failed.removeFirst());
            }
        }
    }

    @Override
    public void close() {
        tower.close();
    }
}
