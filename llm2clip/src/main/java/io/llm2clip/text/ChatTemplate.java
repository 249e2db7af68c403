package io.llm2clip.text;

/**
 * What surrounds a caption in its token row. There is no system turn and no assistant header.
 *
 * @param prefix before the caption
 * @param suffix after the caption; it belongs to the pooled window
 * @param strip whether whitespace before the instruction and behind the caption goes
 */
public record ChatTemplate(String prefix, String suffix, boolean strip) {
    /** Used by all published LLM2CLIP text encoders. */
    public static final ChatTemplate LLAMA3 =
            new ChatTemplate("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>", true);

    public static final ChatTemplate PHI3 = new ChatTemplate("<|user|>\n", "<|end|>\n", true);
    public static final ChatTemplate MISTRAL = new ChatTemplate("[INST] ", " [/INST]", true);
    public static final ChatTemplate GEMMA = new ChatTemplate("<bos><start_of_turn>user\n", "<end_of_turn>", true);
    public static final ChatTemplate QWEN2 = new ChatTemplate("<|im_start|>user\n", "<|im_end|>", true);

    /** The caption alone, unchanged. */
    public static final ChatTemplate NONE = new ChatTemplate("", "", false);

    /** {@code <bos> caption <eot>}, where the tokenizer itself adds the begin token: for miniature models. */
    public static ChatTemplate plain(String endToken) {
        return new ChatTemplate("", endToken, true);
    }

    /** The template that the reference applies for a model name; {@link #NONE} for names it does not know. */
    public static ChatTemplate forModel(String name) {
        if (name.contains("Llama-3") && name.contains("Instruct")) {
            return LLAMA3;
        }
        return switch (name) {
            case "microsoft/Phi-3.5-mini-instruct" -> PHI3;
            case "mistralai/Mistral-7B-Instruct-v0.2", "meta-llama/Llama-2-7b-chat-hf" -> MISTRAL;
            case "google/gemma-2-9b-it" -> GEMMA;
            case "Qwen/Qwen2-1.5B-Instruct", "Qwen/Qwen2-7B-Instruct" -> QWEN2;
            default -> NONE;
        };
    }

    /** The template with an end-of-text token after it, as {@link Pooling#EOS_TOKEN} wants it. */
    public ChatTemplate withEndOfText(String endOfText) {
        return new ChatTemplate(prefix, PythonText.stripTrailing(suffix) + endOfText, true);
    }
}
