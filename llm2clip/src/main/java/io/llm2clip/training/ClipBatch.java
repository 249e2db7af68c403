package io.llm2clip.training;

import io.llm2clip.image.ImageSource;
import io.llm2clip.model.PatchDropout;
import io.llm2clip.model.VisionInputs;
import io.llm2clip.nn.optimizer.EmbeddingBatch;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Images with a caption each. Pixels are bytes, and become numbers by chunks: those of 4096 images of 224 x 224 are 0.6 GB, numbers of
 * all of them would be 2.5 GB. To normalize an image twice takes a small part of what its embedding does, to decode it twice would not.
 *
 * @param images as they are learned from
 * @param patches that are seen of them; null for all
 * @param captions of all of them
 * @param lossInputs a mask, or nothing
 */
record ClipBatch(
        ImageSource images,
        VisionInputs vision,
        PatchDropout.@Nullable Choice patches,
        TextSide.Captions captions,
        List<TensorData> lossInputs)
        implements EmbeddingBatch {
    @Override
    public int size() {
        return images.count();
    }

    @Override
    public List<TensorData> inputs(int from, int to) {
        List<TensorData> inputs = new ArrayList<>(vision.of(
                images.select(IntStream.range(from, to).toArray()).readAll(),
                patches == null ? null : (image, count) -> patches.of(from + image, count)));
        inputs.addAll(captions.part().inputs(from, to));
        return inputs;
    }
}
