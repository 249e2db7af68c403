package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.device.DeviceAddress;

/**
 * Consecutive elements of one of a device's arenas.
 *
 * @param dtype of what is stored there
 * @param elements of the type's {@link DType#arena}
 */
record ArenaRange(DType dtype, DeviceAddress start, long elements) {}
