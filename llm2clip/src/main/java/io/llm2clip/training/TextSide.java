package io.llm2clip.training;

import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;

/** Where a contrastive training takes the captions of its images from, and how they become embeddings. */
public interface TextSide {

    /**
     * The captions of a step.
     *
     * @param inputs in a form that {@link TextSide#embed} reads
     * @param numbers for each image the number of its caption; equal captions have equal ones
     */
    record Captions(List<TensorData> inputs, int[] numbers) {}

    /** A caption drawn for each image of a step. */
    Captions batch(int[] images, CounterRandom random, long step);

    /** How many different captions belong to more than one image, so that a batch may have them more than once. */
    int shared();

    /** Embeddings {@code [B, E]}, not normalized. */
    Tensor embed(List<Tensor> inputs);

    /** What is trained. */
    List<Parameter> parameters();
}
