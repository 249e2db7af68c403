package io.llm2clip.training;

import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.model.CaptionTensors;
import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.nn.optimizer.EmbeddingLoss;
import io.llm2clip.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The loss of queries over positives and, where a batch has any, negatives; it reads a mask where texts belong to several pairs.
 *
 * @param scale factor of the cosines
 * @param bothDirections whether positives seek their queries, too
 */
record PairLoss(CaptionEncoder encoder, float scale, boolean bothDirections) implements EmbeddingLoss {
    @Override
    public List<Tensor> embed(List<Tensor> inputs, int examples) {
        Tensor all = encoder.pooled(inputs.subList(0, CaptionTensors.COUNT), false);
        return inputs.subList(CaptionTensors.COUNT, inputs.size()).stream()
                .map(all::gather)
                .toList();
    }

    @Override
    public Tensor loss(List<Tensor> embeddings, List<Tensor> inputs) {
        Tensor queries = embeddings.get(0);
        Tensor positives = embeddings.get(1);
        @Nullable Tensor negatives = embeddings.size() == 3 ? embeddings.get(2) : null;
        @Nullable Tensor mask = inputs.isEmpty() ? null : inputs.getFirst();
        return bothDirections
                ? ContrastiveLoss.bothDirections(queries, positives, negatives, scale, mask)
                : ContrastiveLoss.oneDirection(queries, positives, negatives, scale, mask);
    }
}
