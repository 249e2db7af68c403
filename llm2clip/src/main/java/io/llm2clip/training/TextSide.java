package io.llm2clip.training;

import io.llm2clip.dataset.Example;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;

/**
 * What a contrastive training takes of the captions of its images, and how they become embeddings.
 *
 * @param <C> the captions of an image, ready to be drawn from
 */
public interface TextSide<C> {

    /**
     * The captions of a step.
     *
     * @param part those of some images
     * @param numbers for each image the number of its caption; equal captions have equal ones
     * @param growth how many times as much memory the captions of a later step may take, 1 if all are alike
     */
    record Captions(Part part, int[] numbers, double growth) {
        /** Captions that take as much memory as others. */
        public Captions(Part part, int[] numbers) {
            this(part, numbers, 1);
        }

        /** @param rows in a form that {@link TextSide#embed} reads, each with a row along its first axis for every image */
        public Captions(List<TensorData> rows, int[] numbers) {
            this((from, to) -> rows.stream().map(all -> all.rows(from, to)).toList(), numbers);
        }
    }

    /** Captions of images {@code from .. to - 1} in a form that {@link TextSide#embed} reads. */
    interface Part {
        List<TensorData> inputs(int from, int to);
    }

    /** Reads the captions of an example, while steps are made with others; safe for use by several threads. */
    C prepare(Example example);

    /** A caption drawn for each image of a step. */
    Captions batch(List<C> images, CounterRandom random, long step);

    /** What the embeddings that {@link #embed} gives are made by, in its order. */
    List<CaptionsBy> captionsBy();

    /** Embeddings {@code [B, E]}, not normalized, of captions of {@link #batch} or of some of them: one or several of each. */
    List<Tensor> embed(List<Tensor> inputs);

    /** What is trained. */
    List<Parameter> parameters();

    /** Whether layers drop a part of their inputs, see {@link io.llm2clip.nn.Dropout}. */
    default boolean drops() {
        return false;
    }

    /**
     * Bytes of memory that the captions of a step take, besides what programs take of them.
     *
     * @param images of a step
     * @param part how many of them are computed at a time
     */
    default long dataBytes(int images, int part) {
        return 0;
    }

    /** Bytes of weights that are read where their file is mapped. */
    default long mappedBytes() {
        return 0;
    }
}
