/**
 * Layers of neural networks: named parameters, the modules that read them, and how they start.
 *
 * <p>A layer is created from a {@link io.llm2clip.nn.Scope}, which prefixes its parameters' names, and applied to
 * {@link io.llm2clip.tensor.Tensor}s, which extends their graph. Names and layouts are those of the PyTorch checkpoints that
 * the project reads, so loading a checkpoint is copying by name.
 */
@NullMarked
package io.llm2clip.nn;

import org.jspecify.annotations.NullMarked;
