package io.llm2clip.training;

import io.llm2clip.model.TextAdapter;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;

/** The frozen language model's vectors, computed once, behind a trained adapter. */
public final class CachedTextSide implements TextSide {
    private final TextAdapter adapter;
    private final float[][][] vectors;
    private final List<CaptionKinds> kinds;

    /**
     * @param vectors by image and caption, each {@code [D]}, not normalised
     * @param lengths tokens of each caption, by image
     */
    public CachedTextSide(TextAdapter adapter, float[][][] vectors, List<int[]> lengths) {
        this.adapter = adapter;
        this.vectors = vectors;
        this.kinds = lengths.stream().map(CaptionKinds::of).toList();
    }

    @Override
    public List<TensorData> batch(int[] images, CounterRandom random, long step) {
        int width = vectors[0][0].length;
        long stream = CounterRandom.streamOf("captions of step " + step);
        float[] batch = new float[images.length * width];
        for (int b = 0; b < images.length; b++) {
            int caption = kinds.get(images[b]).draw(random, stream, b);
            System.arraycopy(vectors[images[b]][caption], 0, batch, b * width, width);
        }
        return List.of(TensorData.of(Shape.of(images.length, width), batch));
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
