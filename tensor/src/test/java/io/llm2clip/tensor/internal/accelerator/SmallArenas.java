package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Device;

/** Opens devices whose arenas are smaller than need be, so that little memory is in many. */
public final class SmallArenas {
    /** Elements of an arena of others: there are several of these, too, but not many, as every graph mentions all. */
    private static final long OTHERS = 4 << 20;

    private SmallArenas() {}

    /**
     * Opens a device of TornadoVM.
     *
     * @param memoryBytes as for {@link Device#open}
     * @param floats elements of an arena of f32 ones, at most
     */
    public static Device open(int number, long memoryBytes, long floats) {
        return AcceleratorDevice.open(number, memoryBytes, dtype -> dtype == DType.F32 ? floats : OTHERS);
    }

    /**
     * A device of the emulator.
     *
     * @param memoryBytes as for {@link Device#emulated}
     * @param elements of an arena, at most
     */
    public static Device emulated(long memoryBytes, long elements) {
        return AcceleratorDevice.emulated(memoryBytes, _ -> elements);
    }
}
