package io.llm2clip.model;

import io.llm2clip.nn.StoredLayout;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The parts that published checkpoints consist of, told apart by the names of their tensors.
 *
 * <p>Whole models are published in one file, of which one part is wanted. So what a part leaves over is no error where it is
 * known to be another part's, or is a buffer: a table that is computed anew. Any other tensor is one, since a model that
 * lacks it would compute something else.
 */
enum CheckpointPart {
    /** A vision tower: Hugging Face's names, those of everybody else. */
    VISION("vision_model.", "visual_projection.", "visual."),
    /** The text tower of CLIP or SigLIP: Hugging Face's names, FG-CLIP 2's, those of EVA-CLIP and OpenCLIP, those of OpenAI. */
    TEXT(
            "text_model.",
            "longtext_head.",
            "text_projection",
            "text.",
            "transformer.",
            "token_embedding.",
            "positional_embedding",
            "ln_final."),
    /** What FG-CLIP 2 compares regions of an image and their captions with, which an encoder of whole images does not do. */
    REGIONS("dense_feature_head.", "boxtext_head."),
    /** LLM2CLIP's adapter from caption vectors to embeddings. */
    ADAPTER("text_adapter.", "text.text_adaptor.", "text.text_proj."),
    /** The factor and offset of cosines, in their logarithm. */
    LOGITS("logit_scale", "logit_bias"),
    /** A Llama within the wrapper for language modelling. */
    LANGUAGE_MODEL("model."),
    /** What predicts tokens or classes from the states of a language model, which an encoder does not do. */
    LANGUAGE_HEAD("lm_head.", "score.");

    /** Position numbers, masks and rotary tables; frameworks store them with the weights. */
    private static final Pattern BUFFERS = Pattern.compile("(.*\\.)?(position_ids|attn_mask|causal_mask"
            + "|rope\\.freqs_(cos|sin)|rotary_emb\\.(inv_freq|original_inv_freq|cos_cached|sin_cached)"
            // Facts of OpenAI's files that are no weights.
            + "|input_resolution|context_length|vocab_size)");

    /** What training programs put before all names. */
    private static final Pattern CONTAINERS = Pattern.compile("^((module|model|state_dict)\\.)*");

    private final List<String> prefixes;

    CheckpointPart(String... prefixes) {
        this.prefixes = List.of(prefixes);
    }

    /** Whether a model of this part may leave the tensor of a checkpoint over. */
    boolean leavesOver(String tensor) {
        return BUFFERS.matcher(tensor).matches()
                || !owns(tensor) && Stream.of(values()).anyMatch(part -> part.owns(tensor));
    }

    /**
     * The same for a checkpoint of a layout: what lies outside the container of the model's tensors is none of them, and where a
     * vision tower's tensors have no name of their own before them, the file is of this part alone.
     */
    boolean leavesOver(StoredLayout.Found layout, String tensor) {
        if (!tensor.startsWith(layout.container())) {
            return true;
        }
        String own = tensor.substring(layout.container().length());
        boolean alone = this == VISION && layout.root().isEmpty();
        return alone ? BUFFERS.matcher(own).matches() : leavesOver(own);
    }

    /** Whether a tensor of a checkpoint belongs to this part, in whatever container. */
    boolean isPartOf(String tensor) {
        String own = CONTAINERS.matcher(tensor).replaceFirst("");
        return owns(own) && (this == ADAPTER || !ADAPTER.owns(own));
    }

    private boolean owns(String tensor) {
        return prefixes.stream().anyMatch(tensor::startsWith);
    }
}
