package io.llm2clip.training;

import io.llm2clip.dataset.Example;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Tensor;
import java.util.List;

/** A text side that is given no captions. */
record NoCaptions(List<CaptionsBy> captionsBy, List<Parameter> parameters) implements TextSide<String> {
    @Override
    public String prepare(Example example) {
        throw new AssertionError(example);
    }

    @Override
    public Captions batch(List<String> images, CounterRandom random, long step) {
        throw new AssertionError(images);
    }

    @Override
    public List<Tensor> embed(List<Tensor> inputs) {
        throw new AssertionError(inputs);
    }
}
