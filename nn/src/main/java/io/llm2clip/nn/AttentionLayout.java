package io.llm2clip.nn;

import org.jspecify.annotations.Nullable;

/**
 * Sizes, names and optional parts of a {@link SelfAttention}.
 *
 * @param width channels of input and output
 * @param heads query heads
 * @param keyValueHeads key/value heads, a divisor of {@code heads}
 * @param headSize channels of a head
 * @param outputName name of the output projection; the others are {@code q_proj}, {@code k_proj}, {@code v_proj}
 * @param bias whether queries and values have a bias
 * @param keyBias whether keys have a bias
 * @param outputBias whether the output projection has a bias
 * @param innerNorm normalisation before the output projection, or null
 */
public record AttentionLayout(
        int width,
        int heads,
        int keyValueHeads,
        int headSize,
        String outputName,
        boolean bias,
        boolean keyBias,
        boolean outputBias,
        @Nullable InnerNorm innerNorm) {

    public AttentionLayout {
        if (heads <= 0 || keyValueHeads <= 0 || heads % keyValueHeads != 0) {
            throw new IllegalArgumentException("Attention of " + heads + " heads and " + keyValueHeads
                    + " key/value heads; expected a multiple, such as 32 and 8.");
        }
        if (headSize <= 0 || (long) heads * headSize > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "Attention of %d heads of %d channels; expected fewer than 2^31 in all, such as 32 of 128."
                            .formatted(heads, headSize));
        }
    }

    /** What scores are multiplied by. */
    float scoreScale() {
        return (float) (1 / Math.sqrt(headSize));
    }

    /** CLIP of Hugging Face: all biases, {@code out_proj}. */
    public static AttentionLayout clip(int width, int heads) {
        return new AttentionLayout(width, heads, heads, width / heads, "out_proj", true, true, true, null);
    }

    /** Llama: grouped key/value heads, no bias, {@code o_proj}. */
    public static AttentionLayout llama(int width, int heads, int keyValueHeads, int headSize) {
        return new AttentionLayout(width, heads, keyValueHeads, headSize, "o_proj", false, false, false, null);
    }

    /** Qwen2: as Llama, but queries, keys and values have biases. */
    public static AttentionLayout qwen2(int width, int heads, int keyValueHeads, int headSize) {
        return new AttentionLayout(width, heads, keyValueHeads, headSize, "o_proj", true, true, false, null);
    }

    /** EVA01 and EVA02-E: keys have no bias, {@code proj}. */
    public static AttentionLayout eva01(int width, int heads) {
        return new AttentionLayout(width, heads, heads, width / heads, "proj", true, false, true, null);
    }

    /** EVA02: keys have no bias, the heads' outputs are normalised, {@code proj}. */
    public static AttentionLayout eva02(int width, int heads) {
        InnerNorm norm = new InnerNorm("inner_attn_ln", 1e-6f);
        return new AttentionLayout(width, heads, heads, width / heads, "proj", true, false, true, norm);
    }
}
