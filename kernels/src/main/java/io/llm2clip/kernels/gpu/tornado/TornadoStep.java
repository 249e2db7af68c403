package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.gpu.device.DeviceStep;

/** What a {@link TornadoDevice} does in a step. */
sealed interface TornadoStep extends DeviceStep permits BoundLaunch, BoundProduct {}
