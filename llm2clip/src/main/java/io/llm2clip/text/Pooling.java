package io.llm2clip.text;

/** How hidden states of the pooled window become one vector. */
public enum Pooling {
    /** The arithmetic mean, used by every published model. */
    MEAN,
    /** The mean weighted by 1, 2, ... n. */
    WEIGHTED_MEAN,
    /** The state at the row's last token. */
    LAST_TOKEN,
    /** Like {@link #LAST_TOKEN}, for models whose template appends an end-of-text token. */
    EOS_TOKEN,
    /** The state at the row's first token. */
    BOS_TOKEN
}
