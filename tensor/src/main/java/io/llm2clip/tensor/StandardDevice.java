package io.llm2clip.tensor;

import org.jspecify.annotations.Nullable;

/** The device of programs that name none. */
final class StandardDevice {
    private static volatile @Nullable Device chosen;

    private StandardDevice() {}

    static Device get() {
        Device device = chosen;
        return device == null ? Device.cpu() : device;
    }

    static void set(Device device) {
        chosen = device;
    }
}
