/**
 * LLM2CLIP's training: a language model learns to continue captions, then to tell captions apart (stage 1), then a vision tower
 * learns from its frozen vectors (stage 2). Every loop is a list of compiled programs fed by deterministic samplers.
 */
@NullMarked
package io.llm2clip.training;

import org.jspecify.annotations.NullMarked;
