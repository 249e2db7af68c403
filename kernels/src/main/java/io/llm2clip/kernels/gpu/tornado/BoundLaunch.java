package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import java.util.List;

/**
 * A launch and the addresses of its operands.
 *
 * @param launch what to run
 * @param addresses as {@link DeviceLaunch#bind} takes them
 */
public record BoundLaunch(DeviceLaunch launch, List<DeviceAddress> addresses) implements TornadoStep {
    public BoundLaunch {
        addresses = List.copyOf(addresses);
    }

    /** The addresses of the kernel's operands. */
    List<DeviceAddress> operands() {
        return launch.bind(addresses);
    }
}
