package io.llm2clip.bench.gpu;

import io.llm2clip.bench.HashWeights;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.nn.RotaryTable.Llama3Scaling;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.TokenBatch;
import java.util.ArrayList;
import java.util.List;

/**
 * What is measured: published shapes, or tiny ones for a rehearsal. {@code bench/gpu/peer.py} has the same.
 *
 * @param captionBatches captions and tokens of each
 * @param trainedLlama for the LoRA step
 * @param trainedCaptions captions and tokens of a LoRA step
 */
record Models(
        String visionName,
        VisionConfig vision,
        List<Integer> imageBatches,
        String llamaName,
        LlamaConfig llama,
        List<int[]> captionBatches,
        String trainedVisionName,
        VisionConfig trainedVision,
        int trainedImages,
        String trainedLlamaName,
        LlamaConfig trainedLlama,
        int[] trainedCaptions) {

    static Models of(boolean small) {
        return small
                ? new Models(
                        "tiny ViT",
                        VisionConfig.openAi(32, 16, 64, 2, 32),
                        List.of(1, 2),
                        "tiny Llama",
                        new LlamaConfig(128, 64, 96, 2, 4, 2, 16, 1e-5f, 500_000, scaling(), 512, true),
                        List.of(new int[] {2, 8}),
                        "tiny ViT",
                        VisionConfig.openAi(32, 16, 64, 2, 32),
                        16,
                        "tiny Llama",
                        new LlamaConfig(128, 64, 96, 2, 4, 2, 16, 1e-5f, 10_000, null, 512, true),
                        new int[] {32, 8})
                : new Models(
                        "ViT-L/14-336",
                        VisionConfig.openAi(336, 14, 1024, 24, 768),
                        List.of(1, 32, 256),
                        "Llama-3.2-1B",
                        new LlamaConfig(128_256, 2048, 8192, 16, 32, 8, 64, 1e-5f, 500_000, scaling(), 131_072, true),
                        List.of(new int[] {1, 32}, new int[] {8, 128}, new int[] {64, 128}),
                        "ViT-B/16",
                        VisionConfig.openAi(224, 16, 768, 12, 512),
                        32,
                        "Llama of SmolLM2-135M's shape",
                        new LlamaConfig(49_152, 576, 1536, 30, 9, 3, 64, 1e-5f, 100_000, null, 8192, true),
                        new int[] {32, 48});
    }

    /** Of Llama 3.2. */
    private static Llama3Scaling scaling() {
        return new Llama3Scaling(32, 1, 4, 8192);
    }

    /** Captions of one length. */
    static TokenBatch captions(int count, int tokens, int vocabulary) {
        int seed = HashWeights.seed("ids");
        List<CaptionRow> rows = new ArrayList<>();
        for (int row = 0; row < count; row++) {
            int[] ids = new int[tokens];
            for (int i = 0; i < tokens; i++) {
                ids[i] = (int) ((HashWeights.uniform(seed, row * tokens + i) + 1) / 2 * vocabulary);
            }
            rows.add(new CaptionRow(ids, 0, tokens, false));
        }
        return TokenBatch.of(rows);
    }
}
