package io.llm2clip.model;

import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.CompiledFunction;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** A vision tower over any number of preprocessed images: embeddings {@code [E]}, not normalised. */
public final class ImageEncoder implements AutoCloseable {
    private static final int BATCH = 32;

    private final int side;
    private final CompiledFunction tower;

    public ImageEncoder(VisionTower vision) {
        this.side = vision.config().imageSize();
        this.tower = new CompiledFunction(in -> List.of(vision.embed(in.getFirst())));
    }

    /**
     * Embeds images in batches.
     *
     * @param images numbers of the images
     * @param pixels model input {@code [B, 3, S, S]} of the images with the given numbers
     */
    public float[][] encode(int[] images, Function<int[], float[]> pixels, Progress.Phase phase) {
        float[][] embeddings = new float[images.length][];
        for (int start = 0; start < images.length; ) {
            int count = Batches.next(images.length - start, BATCH);
            int[] batch = Arrays.copyOfRange(images, start, start + count);
            TensorData input = TensorData.of(Shape.of(batch.length, 3, side, side), pixels.apply(batch));
            if (!tower.isCompiled(List.of(input))) {
                phase.preparing("compiling");
            }
            float[] flat = tower.run(List.of(input)).getFirst().toFloats();
            int width = flat.length / batch.length;
            for (int i = 0; i < batch.length; i++) {
                embeddings[start + i] = Arrays.copyOfRange(flat, i * width, (i + 1) * width);
            }
            phase.advance(count);
            start += count;
        }
        return embeddings;
    }

    @Override
    public void close() {
        tower.close();
    }
}
