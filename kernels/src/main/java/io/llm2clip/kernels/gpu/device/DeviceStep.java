package io.llm2clip.kernels.gpu.device;

/** What a device does between the step before and the next one: run a kernel, or call a library. Runs on the device that made it only. */
public interface DeviceStep {}
