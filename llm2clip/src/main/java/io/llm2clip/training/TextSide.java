package io.llm2clip.training;

import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;

/** Where a contrastive training takes the captions of its images from, and how they become embeddings. */
public interface TextSide {

    /** Inputs of a step: a caption drawn for each image, in a form that {@link #embed} reads. */
    List<TensorData> batch(int[] images, CounterRandom random, long step);

    /** Embeddings {@code [B, E]}, not normalised. */
    Tensor embed(List<Tensor> inputs);

    /** What is trained. */
    List<Parameter> parameters();
}
