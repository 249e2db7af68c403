package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.tensor.Device;

/** Opens devices whose arenas are smaller than need be, so that little memory is in many. */
public final class SmallArenas {

    private SmallArenas() {}

    /**
     * Opens a device of TornadoVM.
     *
     * @param memoryBytes as for {@link Device#open}
     * @param elements of an arena, at most
     */
    public static Device open(int number, long memoryBytes, long elements) {
        return AcceleratorDevice.open(number, memoryBytes, dtype -> elements);
    }
}
