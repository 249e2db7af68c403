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
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Makes what a {@link VisionTower} reads of images that were resized: pixels {@code [B, 3, S, S]}, and where only K patches of each are seen
 * <ul>
 *   <li>i32 {@code [B K]}, their numbers among all patches of the batch,
 *   <li>i32 {@code [B T]}, the positions of these and, before those of each image, of its class token, if there is one.
 * </ul>
 * Or of a NaFlex tower
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

    /** Bytes of memory that batches of up to so many images take. */
    public static long bytes(VisionConfig config, int images) {
        long places = config.patchLimits()
                .map(limits -> (long) limits.largest() * config.tokens())
                .orElse(0L);
        return Float.BYTES * (3 * config.largestImage() + places) * images;
    }

    /** How many tensors a batch is. */
    public static int count(VisionConfig config, PatchDropout dropout) {
        return config.patchLimits().isPresent() ? 4 : dropout.equals(PatchDropout.NONE) ? 1 : 3;
    }

    /** The tensors of a batch, valid until the next one is made. */
    public List<TensorData> of(List<RgbImage> images) {
        return of(images, null);
    }

    /**
     * The same of a part of the patches.
     *
     * @param choice by an image's number in the list, as many of all images that have as many; null for all patches
     */
    public List<TensorData> of(List<RgbImage> images, PatchDropout.@Nullable Choice choice) {
        return switch (preprocessing.frame()) {
            case Frame.Square square -> {
                int size = square.size();
                pixels = enough(pixels, images.size() * 3L * size * size);
                TensorData batch = tensor(pixels, Shape.of(images.size(), 3, size, size));
                preprocessing.normalize(images, batch.segment());
                yield choice == null ? List.of(batch) : seen(batch, choice);
            }
            case Frame.Patches _ -> patches(images, choice);
        };
    }

    private List<TensorData> seen(TensorData batch, PatchDropout.Choice choice) {
        int all = config.gridSide() * config.gridSide();
        int[][] seen = IntStream.range(0, batch.shape().dim(0))
                .mapToObj(image -> choice.of(image, all))
                .toArray(int[][]::new);
        int[] positions = Arrays.stream(seen)
                .flatMapToInt(patches -> IntStream.concat(
                        IntStream.range(0, config.classTokens()),
                        Arrays.stream(patches).map(patch -> config.classTokens() + patch)))
                .toArray();
        int[] rows = IntStream.range(0, seen.length)
                .flatMap(image -> Arrays.stream(seen[image]).map(patch -> image * all + patch))
                .toArray();
        return List.of(
                batch,
                TensorData.ofInts(Shape.of(rows.length), rows),
                TensorData.ofInts(Shape.of(positions.length), positions));
    }

    /** Rows that an image takes of a batch of images in their own sizes; none where all images are of one size. */
    int room(RgbImage image) {
        return config.patchLimits().isPresent() ? patches(image) : 0;
    }

    private int patches(RgbImage image) {
        return (image.width() / config.patchSize()) * (image.height() / config.patchSize());
    }

    private List<TensorData> patches(List<RgbImage> images, PatchDropout.@Nullable Choice choice) {
        int size = 3 * config.patchSize() * config.patchSize();
        int[] offsets = new int[images.size() + 1];
        for (int b = 0; b < images.size(); b++) {
            offsets[b + 1] = offsets[b] + patches(images.get(b));
        }
        int all = offsets[images.size()];
        pixels = enough(pixels, (long) TokenBatch.capacity(all) * size);
        preprocessing.normalize(images, pixels.asSlice(0, (long) Float.BYTES * all * size));
        weights = enough(weights, (long) TokenBatch.capacity(all) * config.tokens());
        for (int b = 0; b < images.size(); b++) {
            RgbImage image = images.get(b);
            new PatchPositions(
                            config.gridSide(), image.height() / config.patchSize(), image.width() / config.patchSize())
                    .write(weights, offsets[b]);
        }
        if (choice != null) {
            int[][] seen = new int[images.size()][];
            for (int b = 0; b < seen.length; b++) {
                seen[b] = choice.of(b, offsets[b + 1] - offsets[b]);
            }
            drop(seen, offsets, pixels, size);
            drop(seen, offsets, weights, config.tokens());
            for (int b = 0; b < seen.length; b++) {
                offsets[b + 1] = offsets[b] + seen[b].length;
            }
        }
        int rows = TokenBatch.capacity(offsets[images.size()]);
        TensorData patches = filledUp(pixels, offsets[images.size()], Shape.of(rows, size));
        TensorData places = filledUp(weights, offsets[images.size()], Shape.of(rows, config.tokens()));
        return List.of(
                patches,
                places,
                TensorData.ofInts(Shape.of(offsets.length), offsets),
                TensorData.ofInts(Shape.of(images.size()), Arrays.copyOf(offsets, images.size())));
    }

    /** Moves the rows of patches that are seen to the front of all. */
    private static void drop(int[][] seen, int[] offsets, MemorySegment rows, int size) {
        long bytes = (long) Float.BYTES * size;
        long to = 0;
        for (int b = 0; b < seen.length; b++) {
            for (int patch : seen[b]) {
                MemorySegment.copy(rows, (offsets[b] + patch) * bytes, rows, to++ * bytes, bytes);
            }
        }
    }

    /** Rows, and zeros behind them. */
    private static TensorData filledUp(MemorySegment memory, int used, Shape shape) {
        TensorData rows = tensor(memory, shape);
        rows.segment().asSlice((long) Float.BYTES * used * shape.dim(1)).fill((byte) 0);
        return rows;
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
