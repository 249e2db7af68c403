package io.llm2clip.kernels.gpu.device;

import java.util.ArrayList;
import java.util.List;

/**
 * Where an operand starts on a device.
 *
 * @param arena number of the arena that stores it
 * @param element its first element there
 */
public record DeviceAddress(int arena, int element) {

    /** The address of an element behind this one. */
    public DeviceAddress plus(int elements) {
        return new DeviceAddress(arena, element + elements);
    }

    /** Consecutive operands, and one more. */
    public static List<DeviceAddress> append(List<DeviceAddress> addresses, DeviceAddress last) {
        List<DeviceAddress> all = new ArrayList<>(addresses);
        all.add(last);
        return all;
    }
}
