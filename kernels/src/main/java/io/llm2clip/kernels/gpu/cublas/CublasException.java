package io.llm2clip.kernels.gpu.cublas;

/** A call of the library, or of the driver for it, failed; the message is one sentence with the remedy. */
public final class CublasException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CublasException(String message) {
        super(message);
    }

    public CublasException(String message, Throwable cause) {
        super(message, cause);
    }
}
