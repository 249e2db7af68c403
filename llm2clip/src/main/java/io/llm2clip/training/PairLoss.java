package io.llm2clip.training;

import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.nn.optimizer.EmbeddingLoss;
import io.llm2clip.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The loss of queries over positives and, if there are any, negatives, which reads a mask where images share captions.
 *
 * @param captions of an example: 2, or 3 with a negative
 * @param scale factor of the cosines
 */
record PairLoss(CaptionEncoder encoder, int captions, float scale) implements EmbeddingLoss {
    @Override
    public List<Tensor> embed(List<Tensor> inputs, int examples) {
        Tensor all = encoder.pooled(inputs, false);
        return IntStream.range(0, captions)
                .mapToObj(i -> all.slice(0, i * examples, (i + 1) * examples))
                .toList();
    }

    @Override
    public Tensor loss(List<Tensor> embeddings, List<Tensor> inputs) {
        return ContrastiveLoss.oneDirection(
                embeddings.get(0),
                embeddings.get(1),
                captions == 3 ? embeddings.get(2) : null,
                scale,
                inputs.isEmpty() ? null : inputs.getFirst());
    }
}
