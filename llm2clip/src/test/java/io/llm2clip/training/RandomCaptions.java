package io.llm2clip.training;

import io.llm2clip.dataset.Example;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import java.util.function.LongConsumer;
import java.util.function.LongPredicate;

/**
 * Captions of random values behind a linear layer, for images whose keys are numbers.
 *
 * @param content the number that the values of an image's caption come from
 * @param number the number that its caption is said to have
 * @param before called before each step
 * @param broken steps of which a value is not finite
 */
record RandomCaptions(
        Linear adapter, IntUnaryOperator content, IntUnaryOperator number, LongConsumer before, LongPredicate broken)
        implements TextSide<Integer> {
    /** A caption for each image, all of them finite. */
    RandomCaptions(Linear adapter) {
        this(adapter, IntUnaryOperator.identity(), IntUnaryOperator.identity(), _ -> {}, _ -> false);
    }

    /** The same with the first images' caption in common. */
    RandomCaptions shared(int images) {
        IntUnaryOperator first = image -> image <= images ? 0 : image;
        return new RandomCaptions(adapter, first, first, before, broken);
    }

    /** The same with equal captions for all images, which are said to be different. */
    RandomCaptions equal() {
        return new RandomCaptions(adapter, _ -> 0, number, before, broken);
    }

    /** The same, and something happens before each step. */
    RandomCaptions before(LongConsumer event) {
        return new RandomCaptions(adapter, content, number, event, broken);
    }

    /** The same with values of some steps that are not finite. */
    RandomCaptions broken(LongPredicate steps) {
        return new RandomCaptions(adapter, content, number, before, steps);
    }

    @Override
    public Integer prepare(Example example) {
        return Integer.valueOf(example.key());
    }

    @Override
    public Captions batch(List<Integer> images, CounterRandom draws, long step) {
        before.accept(step);
        int size = adapter.weight().tensor().shape().dim(1);
        float[] values = new float[images.size() * size];
        for (int b = 0; b < images.size(); b++) {
            Random random = new Random(content.applyAsInt(images.get(b)));
            for (int d = 0; d < size; d++) {
                values[b * size + d] = (float) random.nextGaussian();
            }
        }
        if (broken.test(step)) {
            values[0] = Float.NaN;
        }
        return new Captions(
                List.of(TensorData.of(Shape.of(images.size(), size), values)),
                images.stream().mapToInt(Integer::intValue).map(number).toArray());
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
        return List.of(adapter.weight());
    }
}
