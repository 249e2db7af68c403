/**
 * From captions to token rows.
 *
 * <p>A {@link io.llm2clip.text.Tokenizer} reads any Hugging Face {@code tokenizer.json};
 * {@link io.llm2clip.text.BpeTrainer} makes one. {@link io.llm2clip.text.CaptionFormat} turns a caption into the token
 * row and the pooled window that the published text encoders were trained with, and
 * {@link io.llm2clip.text.TokenBatch} lays rows out for a model.
 */
@NullMarked
package io.llm2clip.text;

import org.jspecify.annotations.NullMarked;
