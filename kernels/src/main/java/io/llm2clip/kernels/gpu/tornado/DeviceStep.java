package io.llm2clip.kernels.gpu.tornado;

/** What a device does between the step before and the next one: run a kernel, or call a library. */
public sealed interface DeviceStep permits BoundLaunch, BoundProduct {}
