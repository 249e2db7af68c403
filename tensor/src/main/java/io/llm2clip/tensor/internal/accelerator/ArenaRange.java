package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.device.DeviceAddress;

/** Consecutive elements of a type in one of a device's arenas. */
record ArenaRange(DType dtype, DeviceAddress start, long elements) {}
