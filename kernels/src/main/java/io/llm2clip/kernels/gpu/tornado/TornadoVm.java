package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.device.ArenaSize;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
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
     * The devices of its back end, numbered from 0; whether one works, {@link #defect} tells.
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

    /**
     * What computes a device's matmuls: a library with its version, or kernels.
     *
     * @throws DeviceException if there is no device of that number, or the library is not usable
     */
    public static String products(int number) {
        return LibraryProducts.of(device(number), TornadoApi.get())
                .map(LibraryProducts::version)
                .orElse("kernels");
    }

    static TornadoApi.DeviceHandle handle(TornadoApi api, int number) {
        List<TornadoApi.DeviceHandle> devices = handles(api);
        if (number < 0 || number >= devices.size()) {
            throw new DeviceException("No device " + number + ": TornadoVM has " + devices.size()
                    + ", numbered from 0; choose one of them.");
        }
        return devices.get(number);
    }

    /**
     * Why a device does not work, found by running a trivial kernel there and comparing what it made; empty if it does.
     *
     * @throws DeviceException if TornadoVM is not available or has no driver
     */
    public static Optional<String> defect(int number) {
        float[] sent = {0f, -1.5f, 3e38f, 1e-30f, 7f};
        float[] received = new float[sent.length];
        DeviceAddress first = new DeviceAddress(0, 0);
        DeviceAddress second = first.plus(sent.length);
        try (TornadoDevice device = TornadoDevice.open(number, List.of(new ArenaSize(DType.F32, 2L * sent.length)))) {
            device.upload(DType.F32, second, MemorySegment.ofArray(sent));
            // Zeros into the staging array that the host reads from, or a device that does nothing would seem to return
            // what was sent.
            device.upload(DType.F32, first, MemorySegment.ofArray(received));
            device.download(DType.F32, second, MemorySegment.ofArray(received));
        } catch (DeviceException | LinkageError e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
        return Arrays.equals(sent, received)
                ? Optional.empty()
                : Optional.of("Device " + number + " computes wrongly: a copying kernel made "
                        + Arrays.toString(received) + ", expected " + Arrays.toString(sent)
                        + "; update its driver or choose another device.");
    }

    /** Errors are caught too, as a driver's library that is not there shows up in a class initializer. */
    static List<TornadoApi.DeviceHandle> handles(TornadoApi api) {
        try {
            return api.devices();
        } catch (DeviceException | LinkageError e) {
            throw DriverFailure.of(e);
        }
    }
}
