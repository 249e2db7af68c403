package io.llm2clip.kernels.cpu.machine;

/** The system does not let this process run encoded programs. */
public final class MachineCodeException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public MachineCodeException(String message) {
        super(message);
    }
}
