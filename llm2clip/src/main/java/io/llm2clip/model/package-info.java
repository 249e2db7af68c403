/**
 * The networks of LLM2CLIP and how they lie on disk: the Llama text encoder, the vision towers, the adapter between them, and
 * the CLIP text tower that serves as baseline.
 *
 * <p>Parameters carry the names of the published checkpoints. Every network only extends graphs of
 * {@link io.llm2clip.tensor.Tensor}s; training and inference compile what they need of them.
 */
@NullMarked
package io.llm2clip.model;

import org.jspecify.annotations.NullMarked;
