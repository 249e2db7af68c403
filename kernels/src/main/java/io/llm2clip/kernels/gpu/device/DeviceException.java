package io.llm2clip.kernels.gpu.device;

import org.jspecify.annotations.Nullable;

/** A device, or the TornadoVM that drives it, is missing, broken or too small; the message is one sentence with the remedy. */
public final class DeviceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DeviceException(String message) {
        super(message);
    }

    public DeviceException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
