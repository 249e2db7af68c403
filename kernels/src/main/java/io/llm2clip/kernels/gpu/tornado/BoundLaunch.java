package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.gpu.launch.DeviceLaunch;

/**
 * A launch and the places of its operands.
 *
 * @param launch what to run
 * @param offsets as {@link DeviceLaunch#params} takes them
 */
public record BoundLaunch(DeviceLaunch launch, int[] offsets) implements DeviceStep {
    public BoundLaunch {
        offsets = offsets.clone();
    }
}
