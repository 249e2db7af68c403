package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.gpu.device.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.List;

/** Why TornadoVM has no devices: as a rule a driver that is not there, which its back end finds out in a class initializer. */
final class DriverFailure {
    private static final String CUDA = "tornado.drivers.cuda";
    private static final List<String> DRIVER = List.of("libcuda.so.1", "nvcuda.dll");
    /** Of the versions that CUDA has had since TornadoVM has a back end for it; the loader says nothing of others. */
    private static final List<String> NVRTC =
            List.of("libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so", "nvrtc64_130_0.dll", "nvrtc64_120_0.dll");

    private DriverFailure() {}

    /** The failure in one sentence, with the library that is missing where it can be told. */
    static DeviceException of(Throwable failure) {
        String missing = "";
        if (ModuleLayer.boot().findModule(CUDA).isPresent()) {
            missing = missing(DRIVER, "the driver's library " + DRIVER.getFirst())
                    + missing(NVRTC, "CUDA's compiler " + NVRTC.getFirst());
        }
        return new DeviceException(sentence(failure, missing), failure);
    }

    static String sentence(Throwable failure, String missing) {
        return "TornadoVM has no usable driver (" + reason(failure) + missing
                + "); install the device's driver, put its libraries where the loader looks (LD_LIBRARY_PATH), or choose"
                + " another back end with -D" + TornadoInstallation.BACKEND_PROPERTY + ".";
    }

    private static String missing(List<String> names, String what) {
        return names.stream().anyMatch(DriverFailure::loads) ? "" : "; " + what + " is not found";
    }

    private static boolean loads(String name) {
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup.libraryLookup(name, arena);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** The innermost message, which is the back end's own. */
    private static String reason(Throwable failure) {
        String reason = failure.getClass().getSimpleName();
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each.getMessage() != null) {
                reason = each.getMessage().strip().replaceAll("\\s+", " ");
            }
        }
        return reason;
    }
}
