/**
 * A device that runs kernels, as the engine sees it: numbered arenas, operations on addresses in them, transfers. TornadoVM's devices and
 * the emulated one implement it.
 */
@NullMarked
package io.llm2clip.kernels.gpu.device;

import org.jspecify.annotations.NullMarked;
