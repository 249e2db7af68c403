/**
 * Checkpoint files: {@link io.llm2clip.nn.checkpoint.Checkpoint} reads safetensors, PyTorch archives and GGUF, single or in shards, by
 * memory mapping; {@link io.llm2clip.nn.checkpoint.SafetensorsWriter} and
 * {@link io.llm2clip.nn.checkpoint.ShardWriter} write safetensors, atomically and piece by piece.
 *
 * <p>Nothing here knows the tensor engine. A stored tensor is an element type, a shape and a
 * {@link java.lang.foreign.MemorySegment} in the file's own layout, so weights can be used where they lie.
 */
@NullMarked
package io.llm2clip.nn.checkpoint;

import org.jspecify.annotations.NullMarked;
