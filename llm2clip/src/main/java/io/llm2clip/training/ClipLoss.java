package io.llm2clip.training;

import io.llm2clip.model.VisionInputs;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.nn.optimizer.EmbeddingLoss;
import io.llm2clip.tensor.Tensor;
import java.util.List;

/** The symmetric loss of images and captions, which reads a mask where a batch has equal pairs. */
record ClipLoss(VisionTower vision, TextSide<?> text, Parameter logitScale) implements EmbeddingLoss {
    @Override
    public List<Tensor> embed(List<Tensor> inputs, int examples) {
        int split = VisionInputs.count(vision.config());
        return List.of(vision.embed(inputs.subList(0, split)), text.embed(inputs.subList(split, inputs.size())));
    }

    @Override
    public Tensor loss(List<Tensor> embeddings, List<Tensor> inputs) {
        return ContrastiveLoss.symmetric(
                embeddings.get(0), embeddings.get(1), logitScale.tensor(), inputs.isEmpty() ? null : inputs.getFirst());
    }
}
