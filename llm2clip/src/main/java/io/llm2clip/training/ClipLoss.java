package io.llm2clip.training;

import io.llm2clip.model.Logits;
import io.llm2clip.model.PatchDropout;
import io.llm2clip.model.VisionInputs;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.nn.optimizer.EmbeddingLoss;
import io.llm2clip.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The loss of images and captions, which reads a mask where a batch has equal pairs: sigmoids if there is a bias, else symmetric.
 *
 * @param patches that are not seen
 */
record ClipLoss(VisionTower vision, PatchDropout patches, TextSide<?> text, Logits logits) implements EmbeddingLoss {
    @Override
    public List<Tensor> embed(List<Tensor> inputs, int examples) {
        int split = VisionInputs.count(vision.config(), patches);
        return List.of(vision.embed(inputs.subList(0, split)), text.embed(inputs.subList(split, inputs.size())));
    }

    @Override
    public Tensor loss(List<Tensor> embeddings, List<Tensor> inputs) {
        Tensor images = embeddings.get(0);
        Tensor texts = embeddings.get(1);
        Tensor scale = logits.scale().tensor();
        @Nullable Tensor mask = inputs.isEmpty() ? null : inputs.getFirst();
        return logits.bias()
                .map(bias -> ContrastiveLoss.sigmoid(images, texts, scale, bias.tensor(), mask))
                .orElseGet(() -> ContrastiveLoss.symmetric(images, texts, scale, mask));
    }
}
