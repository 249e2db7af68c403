package io.llm2clip.training;

import io.llm2clip.dataset.Example;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A language model's side and a text tower's, which embed the same caption of an image: both draw it from the same random numbers.
 *
 * @param <L> captions for the language model
 * @param <T> captions for the text tower
 */
record BothTextSides<L, T>(LanguageTextSide<L> language, TextSide<T> tower)
        implements TextSide<BothTextSides.Candidates<L, T>> {
    /** The captions of an image for both. */
    record Candidates<L, T>(L language, T tower) {}

    @Override
    public Candidates<L, T> prepare(Example example) {
        return new Candidates<>(language.prepare(example), tower.prepare(example));
    }

    @Override
    public Captions batch(List<Candidates<L, T>> images, CounterRandom random, long step) {
        Captions read = language.batch(images.stream().map(Candidates::language).toList(), random, step);
        Captions seen = tower.batch(images.stream().map(Candidates::tower).toList(), random, step);
        // The tower's window ends first, so that whatever is equal to the language model is equal to the tower.
        return new Captions(
                (from, to) -> join(read.part().inputs(from, to), seen.part().inputs(from, to)),
                seen.numbers(),
                read.growth());
    }

    private static List<TensorData> join(List<TensorData> first, List<TensorData> second) {
        return Stream.concat(first.stream(), second.stream()).toList();
    }

    @Override
    public List<CaptionsBy> captionsBy() {
        return Stream.concat(language.captionsBy().stream(), tower.captionsBy().stream())
                .toList();
    }

    @Override
    public List<Tensor> embed(List<Tensor> inputs) {
        int split = language.inputs();
        List<Tensor> embeddings = new ArrayList<>(language.embed(inputs.subList(0, split)));
        embeddings.addAll(tower.embed(inputs.subList(split, inputs.size())));
        return embeddings;
    }

    @Override
    public List<Parameter> parameters() {
        return Stream.concat(language.parameters().stream(), tower.parameters().stream())
                .toList();
    }

    @Override
    public boolean drops() {
        return language.drops() || tower.drops();
    }

    @Override
    public long dataBytes(int images, int part) {
        return language.dataBytes(images, part) + tower.dataBytes(images, part);
    }

    @Override
    public long mappedBytes() {
        return language.mappedBytes() + tower.mappedBytes();
    }
}
