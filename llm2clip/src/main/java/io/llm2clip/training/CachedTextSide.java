package io.llm2clip.training;

import io.llm2clip.model.TextAdapter;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.CaptionKinds;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;

/** The frozen language model's vectors, computed once, behind a trained adapter. */
public final class CachedTextSide implements TextSide {
    private final TextAdapter adapter;
    private final float[][][] vectors;
    private final List<CaptionKinds> kinds;
    private final EqualItems equal;

    /**
     * A text branch over vectors.
     *
     * @param vectors by image and caption, each {@code [D]}, not normalized
     * @param kinds of the captions, by image
     */
    public CachedTextSide(TextAdapter adapter, float[][][] vectors, List<CaptionKinds> kinds) {
        this.adapter = adapter;
        this.vectors = vectors;
        this.kinds = kinds;
        this.equal = EqualItems.of(Arrays.stream(vectors)
                .map(captions -> Arrays.stream(captions).map(FloatBuffer::wrap).toList())
                .toList());
    }

    @Override
    public Captions batch(int[] images, CounterRandom random, long step) {
        int width = vectors[0][0].length;
        long stream = CounterRandom.streamOf("captions of step " + step);
        Shape shape = Shape.of(images.length, width);
        float[] batch = new float[shape.size()];
        int[] numbers = new int[images.length];
        for (int b = 0; b < images.length; b++) {
            int caption = CaptionDraw.draw(kinds.get(images[b]), random, stream, b);
            System.arraycopy(vectors[images[b]][caption], 0, batch, b * width, width);
            numbers[b] = equal.number(images[b], caption);
        }
        return new Captions(List.of(TensorData.of(shape, batch)), numbers);
    }

    @Override
    public int shared() {
        return equal.shared();
    }

    @Override
    public Tensor embed(List<Tensor> inputs) {
        return adapter.apply(inputs.getFirst());
    }

    @Override
    public List<Parameter> parameters() {
        return adapter.parameters();
    }
}
