package io.llm2clip.kernels.gpu.device;

import io.llm2clip.kernels.DType;

/**
 * An arena of a device.
 *
 * @param dtype type of its elements, as {@link DType#arena} tells it
 * @param elements how many; not more than ints number
 */
public record ArenaSize(DType dtype, long elements) {}
