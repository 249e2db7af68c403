package io.llm2clip.training;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.dataset.Example;
import io.llm2clip.kernels.DType;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.TextAdapter;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.CaptionKinds;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** The frozen language model's vectors, computed before or for each step, behind a trained adapter. */
public final class CachedTextSide implements LanguageTextSide<CachedTextSide.Candidates> {
    private final TextAdapter adapter;
    private final VectorLookup vectors;
    private final Function<List<String>, CaptionKinds> kinds;
    private final CaptionDraw draw;
    // Of the last part that was read; its memory is used again by the next one.
    private FloatMatrix buffer;

    /** The captions of an image. */
    public record Candidates(List<String> captions, CaptionKinds kinds) {}

    /**
     * A text branch over vectors that takes short captions as often as long ones.
     *
     * @param vectors of the frozen language model
     * @param kinds tells the captions of an image apart; safe for use by several threads
     */
    public CachedTextSide(TextAdapter adapter, VectorLookup vectors, Function<List<String>, CaptionKinds> kinds) {
        this(adapter, vectors, kinds, CaptionDraw.EQUAL);
    }

    CachedTextSide(
            TextAdapter adapter, VectorLookup vectors, Function<List<String>, CaptionKinds> kinds, CaptionDraw draw) {
        this.adapter = adapter;
        this.vectors = vectors;
        this.kinds = kinds;
        this.draw = draw;
        this.buffer = FloatMatrix.allocate(0, vectors.size());
    }

    @Override
    public Candidates prepare(Example example) {
        List<String> captions = example.texts();
        return new Candidates(captions, kinds.apply(captions));
    }

    @Override
    public Captions batch(List<Candidates> images, CounterRandom random, long step) {
        long stream = CounterRandom.streamOf("captions of step " + step);
        List<String> drawn = new ArrayList<>();
        for (int b = 0; b < images.size(); b++) {
            Candidates candidates = images.get(b);
            drawn.add(candidates.captions.get(draw.draw(candidates.kinds, random, stream, b)));
        }
        VectorLookup.Found found = vectors.of(drawn);
        // By content: captions that differ behind what the language model reads are equal to it.
        return new Captions(
                (from, to) -> List.of(input(found.rows(from, to, buffer(to - from)))),
                EqualItems.numbers(found.contents()));
    }

    private FloatMatrix buffer(int rows) {
        if (buffer.rows() < rows) {
            buffer = FloatMatrix.allocate(rows, vectors.size());
        }
        return buffer;
    }

    private static TensorData input(FloatMatrix rows) {
        return new TensorData(Shape.of(rows.rows(), rows.columns()), DType.F32, rows.memory());
    }

    @Override
    public int inputs() {
        return 1;
    }

    @Override
    public List<CaptionsBy> captionsBy() {
        return List.of(CaptionsBy.LANGUAGE_MODEL);
    }

    @Override
    public List<Tensor> embed(List<Tensor> inputs) {
        return List.of(adapter.apply(inputs.getFirst()));
    }

    @Override
    public List<Parameter> parameters() {
        return adapter.parameters();
    }

    @Override
    public long dataBytes(int images, int part) {
        return FloatMatrix.bytes(part, vectors.size()) + vectors.bytes(images);
    }

    @Override
    public long mappedBytes() {
        return vectors.mappedBytes();
    }
}
