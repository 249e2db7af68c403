package io.llm2clip.kernels.tornado;

import io.llm2clip.kernels.device.DeviceLaunch;

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
