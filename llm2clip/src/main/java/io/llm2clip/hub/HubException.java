package io.llm2clip.hub;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** A model that cannot be fetched or is not there, with a remedy. */
public final class HubException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    HubException(String message) {
        super(message);
    }

    HubException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
