package io.llm2clip.bench;

import io.llm2clip.model.CaptionTensors;
import io.llm2clip.model.Llama;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.tensor.Tensor;
import java.util.List;
import java.util.function.Function;

/** What the training steps that are compared with other engines' minimize; the other engines' code has the same numbers. */
public final class StageLosses {
    /** Of the low-rank updates of stage 1. */
    public static final LoraSettings LORA = LoraSettings.of(16, 32);

    private static final float CAPTION_SCALE = 50;
    private static final float LOGIT_SCALE = (float) Math.log(1 / 0.07);

    private StageLosses() {}

    /** Stage 2 without its adapter: of pixels {@code [B, 3, S, S]} against text vectors {@code [B, E]}. */
    public static Function<List<Tensor>, Tensor> images(VisionTower vision) {
        return in -> images(vision.embed(in.get(0)), in.get(1));
    }

    /** The same of vectors {@code [B, E]} of images. */
    public static Tensor images(Tensor vectors, Tensor texts) {
        return ContrastiveLoss.symmetric(vectors, texts, Tensor.scalar(LOGIT_SCALE));
    }

    /**
     * Stage 1: of rows of {@link CaptionTensors}, the first half against the second.
     *
     * @param captions how many in all
     */
    public static Function<List<Tensor>, Tensor> captions(Llama llama, int captions) {
        return in -> {
            Tensor vectors = CaptionTensors.pooled(llama, in, false);
            return ContrastiveLoss.oneDirection(
                    vectors.slice(0, 0, captions / 2), vectors.slice(0, captions / 2, captions), null, CAPTION_SCALE);
        };
    }
}
