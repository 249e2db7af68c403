package io.llm2clip.model;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.data.VectorTarget;
import io.llm2clip.image.ImageResult;
import io.llm2clip.image.ImageSource;
import io.llm2clip.image.ImageStream;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.kernels.DType;
import io.llm2clip.progress.Passes;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A vision tower over any number of images: embeddings {@code [E]}, not normalized. While it computes, the next images are read. */
public final class ImageEncoder implements AutoCloseable {
    static final int BATCH = 32;

    private final VisionConfig config;
    private final BatchedFunction tower;

    /** @param execution where and how it computes */
    public ImageEncoder(VisionTower vision, Execution execution) {
        this.config = vision.config();
        this.tower = new BatchedFunction(in -> vision.embed(in.getFirst()), execution);
    }

    /**
     * Embeds images, each of which may fail without the others. Those who receive results must not use the encoder meanwhile.
     *
     * @param embeddings receives those of images that can be read
     * @param failures receives the others; both together are in the order of the images
     * @param phase hears of each image
     * @throws CancellationException if the thread is interrupted
     */
    public void encode(
            ImageSource images, VectorTarget embeddings, Consumer<ImageResult.Failure> failures, Progress.Phase phase) {
        requireSize(images.preprocessing());
        try (Arena arena = Arena.ofShared();
                ImageStream stream = ImageStream.ofBatches(images, BATCH)) {
            Batching batching =
                    new Batching(arena, stream, images.preprocessing(), embeddings, failures, new Passes(phase, 2));
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
        FloatMatrix embeddings = FloatMatrix.allocate(images.count(), config.projectionSize());
        encode(
                images,
                embeddings,
                failure -> {
                    throw new InputException(failure.reason());
                },
                phase);
        return embeddings;
    }

    private void requireSize(Preprocessing preprocessing) {
        if (preprocessing.size() != config.imageSize()) {
            throw new IllegalArgumentException(
                    "The images are prepared for %d pixels, the vision tower has %d; use the preprocessing of the tower."
                            .formatted(preprocessing.size(), config.imageSize()));
        }
    }

    /** Groups the images that can be read, and hands results on in order. */
    private static final class Batching implements Iterator<BatchedFunction.Batch>, VectorTarget {
        private final Arena arena;
        private final ImageStream stream;
        private final Preprocessing preprocessing;
        private final VectorTarget embeddings;
        private final Consumer<ImageResult.Failure> failures;
        /** An image is done when it was both read and embedded. */
        private final Progress.Phase phase;

        private final Deque<ImageResult.Read> read = new ArrayDeque<>();
        /** Behind images that are still to be embedded. */
        private final Deque<ImageResult.Failure> failed = new ArrayDeque<>();
        /** The first batch is the largest; the others begin in the same memory. */
        private @Nullable MemorySegment pixels;

        Batching(
                Arena arena,
                ImageStream stream,
                Preprocessing preprocessing,
                VectorTarget embeddings,
                Consumer<ImageResult.Failure> failures,
                Progress.Phase phase) {
            this.arena = arena;
            this.stream = stream;
            this.preprocessing = preprocessing;
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
            TensorData input = input(count);
            MemorySegment target = input.segment();
            long bytes = target.byteSize() / count;
            int[] items = new int[count];
            for (int i = 0; i < count; i++) {
                ImageResult.Read image = read.removeFirst();
                preprocessing.normalize(image.image(), target.asSlice(i * bytes, bytes));
                items[i] = image.index();
            }
            return new BatchedFunction.Batch(items, List.of(input));
        }

        private TensorData input(int count) {
            Shape shape = Shape.of(count, 3, preprocessing.size(), preprocessing.size());
            if (pixels == null) {
                TensorData first = TensorData.allocate(arena, shape, DType.F32);
                pixels = first.segment();
                return first;
            }
            return new TensorData(shape, DType.F32, pixels.asSlice(0, (long) Float.BYTES * shape.size()));
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
