package io.llm2clip.training;

import io.llm2clip.kernels.DType;
import io.llm2clip.model.TextAdapter;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.CaptionKinds;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.IntStream;

/** The frozen language model's vectors, computed once, behind a trained adapter. */
public final class CachedTextSide implements TextSide {
    private final TextAdapter adapter;
    private final CaptionVectors vectors;
    private final List<CaptionKinds> kinds;
    private final EqualItems equal;

    /**
     * A text branch over vectors.
     *
     * @param vectors of the frozen language model
     * @param kinds of the captions, by image
     */
    public CachedTextSide(TextAdapter adapter, CaptionVectors vectors, List<CaptionKinds> kinds) {
        this.adapter = adapter;
        this.vectors = vectors;
        this.kinds = kinds;
        this.equal = EqualItems.of(IntStream.range(0, vectors.images())
                .mapToObj(image -> IntStream.range(0, vectors.count(image))
                        .mapToObj(caption -> floats(vectors.vector(image, caption)))
                        .toList())
                .toList());
    }

    private static FloatBuffer floats(MemorySegment vector) {
        return vector.asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
    }

    @Override
    public Captions batch(int[] images, CounterRandom random, long step) {
        long stream = CounterRandom.streamOf("captions of step " + step);
        TensorData batch = TensorData.allocate(Shape.of(images.length, vectors.size()), DType.F32);
        MemorySegment rows = batch.segment();
        int[] numbers = new int[images.length];
        for (int b = 0; b < images.length; b++) {
            int caption = CaptionDraw.draw(kinds.get(images[b]), random, stream, b);
            MemorySegment vector = vectors.vector(images[b], caption);
            MemorySegment.copy(vector, 0, rows, b * vector.byteSize(), vector.byteSize());
            numbers[b] = equal.number(images[b], caption);
        }
        return new Captions(List.of(batch), numbers);
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
