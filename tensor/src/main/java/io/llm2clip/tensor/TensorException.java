package io.llm2clip.tensor;

import org.jspecify.annotations.Nullable;

/** A tensor operation was asked for something its operands do not allow; the message names operation, operands and remedy. */
public final class TensorException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public TensorException(String message) {
        super(message);
    }

    public TensorException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
