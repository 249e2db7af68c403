package io.llm2clip.kernels.tornado;

import java.util.List;
import java.util.Optional;

/** TornadoVM in the running JVM. */
public final class TornadoVm {

    private TornadoVm() {}

    /** Whether this JVM was started with TornadoVM. */
    public static boolean available() {
        return TornadoApi.absence() == null;
    }

    /** Why it is not {@link #available}, in one sentence. */
    public static Optional<String> absence() {
        return Optional.ofNullable(TornadoApi.absence());
    }

    /**
     * The devices of its back end, numbered from 0; whether one works, {@link TornadoDevice#open} and a launch tell.
     *
     * @throws DeviceException if TornadoVM is not available or has no driver
     */
    public static List<DeviceInfo> devices() {
        return handles(TornadoApi.get()).stream()
                .map(TornadoApi.DeviceHandle::info)
                .toList();
    }

    /**
     * One of the {@link #devices}.
     *
     * @throws DeviceException if there is none of that number
     */
    public static DeviceInfo device(int number) {
        return handle(TornadoApi.get(), number).info();
    }

    static TornadoApi.DeviceHandle handle(TornadoApi api, int number) {
        List<TornadoApi.DeviceHandle> devices = handles(api);
        if (number < 0 || number >= devices.size()) {
            throw new DeviceException("No device " + number + ": TornadoVM has " + devices.size()
                    + ", numbered from 0; choose one of them.");
        }
        return devices.get(number);
    }

    /** Errors are caught too, as a driver's library that is not there shows up in a class initialiser. */
    static List<TornadoApi.DeviceHandle> handles(TornadoApi api) {
        try {
            return api.devices();
        } catch (DeviceException | LinkageError e) {
            throw new DeviceException(
                    "TornadoVM has no usable driver (" + e.getMessage()
                            + "); install the device's driver or choose another back end with -D"
                            + TornadoInstallation.BACKEND_PROPERTY + ".",
                    e);
        }
    }
}
