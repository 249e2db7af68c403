package io.llm2clip.training;

import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.Logits;
import io.llm2clip.model.PatchDropout;
import io.llm2clip.model.VisionInputs;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.nn.optimizer.EmbeddingLoss;
import io.llm2clip.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The mean of the losses of what is contrasted, which read a mask where a batch has equal pairs: sigmoids if there is a bias, else
 * symmetric.
 *
 * @param patches that are not seen
 * @param contrasts at least one, of images and of what the text side embeds
 */
record ClipLoss(VisionTower vision, PatchDropout patches, TextSide<?> text, List<Contrast> contrasts)
        implements EmbeddingLoss {
    ClipLoss {
        contrasts = List.copyOf(contrasts);
    }

    /** Of images and captions alone. */
    ClipLoss(VisionTower vision, PatchDropout patches, TextSide<?> text, Logits logits) {
        this(vision, patches, text, Contrast.alone(text, logits));
    }

    @Override
    public List<Tensor> embed(List<Tensor> inputs, int examples) {
        int split = VisionInputs.count(vision.config(), patches);
        List<Tensor> embeddings = new ArrayList<>();
        embeddings.add(vision.embed(inputs.subList(0, split)));
        embeddings.addAll(text.embed(inputs.subList(split, inputs.size())));
        return embeddings;
    }

    @Override
    public Tensor loss(List<Tensor> embeddings, List<Tensor> inputs) {
        @Nullable Tensor mask = inputs.isEmpty() ? null : inputs.getFirst();
        Tensor sum = contrasts.stream()
                .map(contrast -> loss(contrast, embeddings, mask))
                .reduce(Tensor::add)
                .orElseThrow();
        return contrasts.size() == 1 ? sum : sum.mul(1f / contrasts.size());
    }

    private Tensor loss(Contrast contrast, List<Tensor> embeddings, @Nullable Tensor mask) {
        Tensor right = captions(embeddings, contrast.captions());
        Tensor left = contrast.other()
                .map(other -> captions(embeddings, other))
                .orElseGet(() -> image(embeddings.getFirst(), contrast.captions()));
        Tensor scale = contrast.logits().scale().tensor();
        return contrast.logits()
                .bias()
                .map(bias -> ContrastiveLoss.sigmoid(left, right, scale, bias.tensor(), mask))
                .orElseGet(() -> ContrastiveLoss.symmetric(left, right, scale, mask));
    }

    private Tensor captions(List<Tensor> embeddings, CaptionsBy by) {
        return by == CaptionsBy.JOINED
                ? joined(embeddings.subList(1, embeddings.size()))
                : embeddings.get(1 + text.captionsBy().indexOf(by));
    }

    private static Tensor image(Tensor embedding, CaptionsBy beside) {
        return beside == CaptionsBy.JOINED ? joined(List.of(embedding, embedding)) : embedding;
    }

    /** The loss normalizes a side as a whole, so that its parts have to be of one length before. */
    private static Tensor joined(List<Tensor> parts) {
        return Tensor.concat(1, parts.stream().map(Tensor::l2Normalize).toList());
    }
}
