package io.llm2clip.kernels.gpu.emulator;

/** A kernel did something that is undefined on a device. */
public final class KernelFault extends RuntimeException {
    private static final long serialVersionUID = 1;

    KernelFault(String message) {
        super(message);
    }

    KernelFault(String message, Throwable cause) {
        super(message, cause);
    }
}
