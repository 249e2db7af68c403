package io.llm2clip.model;

import io.llm2clip.image.Frame;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RgbImage;
import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.TokenBatch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes what a {@link VisionTower} reads of images that were resized: pixels {@code [B, 3, S, S]}, or of a NaFlex tower
 * <ul>
 *   <li>patches f32 {@code [N, 3 P P]}, image behind image, filled up with zeros so that batches share few compiled programs,
 *   <li>the weights f32 {@code [N, G G]} of the tower's position embeddings in that of each patch,
 *   <li>offsets i32 {@code [B + 1]}: image b is patches {@code offsets[b] .. offsets[b + 1] - 1},
 *   <li>i32 {@code [B]}, the first patch of each image.
 * </ul>
 * Memory is used again by the next batch.
 */
public final class VisionInputs {
    private final VisionConfig config;
    private final Preprocessing preprocessing;
    private final Arena arena;
    private @Nullable MemorySegment pixels;
    private @Nullable MemorySegment weights;

    /**
     * Inputs of a tower.
     *
     * @param arena that their memory is taken from, for all threads
     * @throws IllegalArgumentException if images of this preprocessing are not what the tower takes
     */
    public VisionInputs(VisionConfig config, Preprocessing preprocessing, Arena arena) {
        requireFrame(config, preprocessing.frame());
        this.config = config;
        this.preprocessing = preprocessing;
        this.arena = arena;
    }

    private static void requireFrame(VisionConfig config, Frame frame) {
        boolean fits = switch (frame) {
            case Frame.Square square -> config.patchLimits().isEmpty() && square.size() == config.imageSize();
            case Frame.Patches patches -> config.patchLimits().isPresent() && patches.patchSize() == config.patchSize();
        };
        if (!fits) {
            throw new IllegalArgumentException(
                    "The images are prepared for %s pixels, the vision tower has %s; use the preprocessing of the tower."
                            .formatted(
                                    frame.text(),
                                    config.patchLimits().isEmpty()
                                            ? "%d x %<d".formatted(config.imageSize())
                                            : "patches of %d".formatted(config.patchSize())));
        }
    }

    /** How many tensors a batch is. */
    public static int count(VisionConfig config) {
        return config.patchLimits().isPresent() ? 4 : 1;
    }

    /** The tensors of a batch, valid until the next one is made. */
    public List<TensorData> of(List<RgbImage> images) {
        return switch (preprocessing.frame()) {
            case Frame.Square square -> {
                int size = square.size();
                pixels = enough(pixels, images.size() * 3L * size * size);
                TensorData batch = tensor(pixels, Shape.of(images.size(), 3, size, size));
                preprocessing.normalize(images, batch.segment());
                yield List.of(batch);
            }
            case Frame.Patches _ -> patches(images);
        };
    }

    /** Rows that an image takes of a batch of images in their own sizes; none where all images are of one size. */
    int room(RgbImage image) {
        return config.patchLimits().isPresent() ? patches(image) : 0;
    }

    private int patches(RgbImage image) {
        return (image.width() / config.patchSize()) * (image.height() / config.patchSize());
    }

    private List<TensorData> patches(List<RgbImage> images) {
        int size = 3 * config.patchSize() * config.patchSize();
        int[] offsets = new int[images.size() + 1];
        for (int b = 0; b < images.size(); b++) {
            offsets[b + 1] = offsets[b] + patches(images.get(b));
        }
        int used = offsets[images.size()];
        int rows = TokenBatch.capacity(used);
        pixels = enough(pixels, (long) rows * size);
        TensorData patches = tensor(pixels, Shape.of(rows, size));
        long bytes = (long) Float.BYTES * used * size;
        preprocessing.normalize(images, patches.segment().asSlice(0, bytes));
        patches.segment().asSlice(bytes).fill((byte) 0);
        weights = enough(weights, (long) rows * config.tokens());
        TensorData places = tensor(weights, Shape.of(rows, config.tokens()));
        for (int b = 0; b < images.size(); b++) {
            RgbImage image = images.get(b);
            new PatchPositions(
                            config.gridSide(), image.height() / config.patchSize(), image.width() / config.patchSize())
                    .write(places.segment(), offsets[b]);
        }
        places.segment().asSlice((long) Float.BYTES * used * config.tokens()).fill((byte) 0);
        return List.of(
                patches,
                places,
                TensorData.ofInts(Shape.of(offsets.length), offsets),
                TensorData.ofInts(Shape.of(images.size()), Arrays.copyOf(offsets, images.size())));
    }

    private static TensorData tensor(MemorySegment memory, Shape shape) {
        return new TensorData(shape, DType.F32, memory.asSlice(0, (long) Float.BYTES * shape.size()));
    }

    private MemorySegment enough(@Nullable MemorySegment memory, long values) {
        long bytes = Float.BYTES * values;
        if (memory != null && memory.byteSize() >= bytes) {
            return memory;
        }
        // What is outgrown is not given back before the end: at most as much as is used then.
        return arena.allocate(memory == null ? bytes : Math.max(bytes, 2 * memory.byteSize()), Long.BYTES);
    }
}
