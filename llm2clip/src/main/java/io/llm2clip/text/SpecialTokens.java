package io.llm2clip.text;

/** What becomes of a special token such as {@code <|eot_id|>} that is spelled out in what a user writes. */
public enum SpecialTokens {
    /**
     * It is text like any other: nobody ends a row or moves a pooled window by writing a caption. The ids are those of
     * Hugging Face with {@code split_special_tokens=True}, and even where a vocabulary merges text into the spelling of a
     * special token, it stays text.
     */
    AS_TEXT,
    /** It is the token, and LLM2CLIP's separator splits the caption: what the reference does. */
    PARSED
}
