package io.llm2clip.tensor.machine;

import io.llm2clip.kernels.gpu.device.DeviceException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** TornadoVM, or a device that it drives, is missing or broken; the message is one sentence with the remedy. */
public final class TornadoException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TornadoException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** Runs what asks TornadoVM. */
    static <T> T translating(Supplier<T> work) {
        try {
            return work.get();
        } catch (DeviceException e) {
            throw new TornadoException(String.valueOf(e.getMessage()), e);
        }
    }
}
