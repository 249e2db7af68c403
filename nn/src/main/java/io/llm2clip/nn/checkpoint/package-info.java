/**
 * Checkpoint files: safetensors, single or in shards, read by memory mapping and written atomically.
 *
 * <p>Nothing here knows the tensor engine. A stored tensor is an element type, a shape and a
 * {@link java.lang.foreign.MemorySegment} in the file's own little-endian layout, so weights can be used where they lie.
 */
@NullMarked
package io.llm2clip.nn.checkpoint;

import org.jspecify.annotations.NullMarked;
