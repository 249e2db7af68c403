package io.llm2clip.training;

import io.llm2clip.dataset.Example;
import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.model.CaptionTensors;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.TextAdapter;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.CaptionKinds;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.TokenBatch;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A language model whose low-rank updates are trained, behind a trained adapter: it reads the captions of each step. */
final class UpdatedTextSide implements LanguageTextSide<UpdatedTextSide.Candidates> {
    private final TextAdapter adapter;
    private final CaptionEncoder encoder;
    private final CaptionDraw draw;
    private final LoraSettings updates;
    private final IntSupplier longest;

    /** The captions of an image as token rows. */
    record Candidates(List<CaptionRow> rows) {}

    /**
     * A side whose updates are attached.
     *
     * @param encoder of the model
     * @param updates how they are trained
     * @param longest tokens of the longest caption, as far as it is known
     */
    UpdatedTextSide(
            TextAdapter adapter, CaptionEncoder encoder, CaptionDraw draw, LoraSettings updates, IntSupplier longest) {
        this.adapter = adapter;
        this.encoder = encoder;
        this.draw = draw;
        this.updates = updates;
        this.longest = longest;
    }

    @Override
    public Candidates prepare(Example example) {
        return new Candidates(encoder.rows(example.texts()));
    }

    @Override
    public Captions batch(List<Candidates> images, CounterRandom random, long step) {
        long stream = CounterRandom.streamOf("captions of step " + step);
        List<CaptionRow> drawn = new ArrayList<>();
        for (int b = 0; b < images.size(); b++) {
            List<CaptionRow> rows = images.get(b).rows;
            drawn.add(rows.get(draw.draw(CaptionKinds.ofRows(rows), random, stream, b)));
        }
        // As many captions of the greatest length are so many times as many tokens.
        int tokens = drawn.stream().mapToInt(row -> row.ids().length).sum();
        double growth = Math.max(1, (double) drawn.size() * longest.getAsInt() / tokens);
        return new Captions(
                (from, to) -> inputs(drawn.subList(from, to)),
                EqualItems.numbers(
                        drawn.stream().map(row -> IntBuffer.wrap(row.ids())).toList()),
                growth);
    }

    /** Token rows, and {@code [B]} their numbers: token rows alone do not say how many there are. */
    private List<TensorData> inputs(List<CaptionRow> rows) {
        List<TensorData> inputs = new ArrayList<>(encoder.inputs(TokenBatch.of(rows)));
        inputs.add(TensorData.ofInts(
                Shape.of(rows.size()), IntStream.range(0, rows.size()).toArray()));
        return inputs;
    }

    @Override
    public int inputs() {
        return CaptionTensors.COUNT + 1;
    }

    @Override
    public List<CaptionsBy> captionsBy() {
        return List.of(CaptionsBy.LANGUAGE_MODEL);
    }

    @Override
    public List<Tensor> embed(List<Tensor> inputs) {
        Tensor vectors = encoder.pooled(inputs.subList(0, CaptionTensors.COUNT), false);
        return List.of(adapter.apply(vectors.gather(inputs.get(CaptionTensors.COUNT))));
    }

    @Override
    public List<Parameter> parameters() {
        return Stream.concat(adapter.parameters().stream(), encoder.llama().loraParameters().stream())
                .toList();
    }

    @Override
    public boolean drops() {
        return updates.dropout() > 0;
    }

    @Override
    public long mappedBytes() {
        return encoder.llama().mappedBytes();
    }
}
