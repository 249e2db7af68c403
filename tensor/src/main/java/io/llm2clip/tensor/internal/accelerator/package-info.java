/**
 * Devices with memory of their own, reached through TornadoVM: ranges of their arenas, copies of variables that stay there, and
 * recorded launches.
 */
@NullMarked
package io.llm2clip.tensor.internal.accelerator;

import org.jspecify.annotations.NullMarked;
