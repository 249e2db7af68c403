package io.llm2clip.image;

import io.llm2clip.data.InputException;
import java.io.EOFException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

/** Says in one sentence why an image cannot be used. */
final class UnreadableImage {
    private UnreadableImage() {}

    /** @param done with it in vain: "read" or "decoded" */
    static InputException exception(String name, String done, Throwable failure) {
        return new InputException(sentence(name, done, failure), failure);
    }

    static String sentence(String name, String done, Throwable failure) {
        return "The image " + name + " cannot be " + done + " (" + reason(failure) + ").";
    }

    private static String reason(Throwable failure) {
        if (Thread.currentThread().isInterrupted()) {
            // Libraries then fail in whatever words; ImageIO says that it knows no such format.
            return "it was interrupted";
        }
        if (failure instanceof NoSuchFileException) {
            return "it does not exist";
        }
        if (failure instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (endsEarly(failure)) {
            return "the file is cut off";
        }
        if (failure instanceof OutOfMemoryError) {
            return "it needs more memory than Java's heap of %d MiB has; raise it with -Xmx"
                    .formatted(Runtime.getRuntime().maxMemory() >> 20);
        }
        if (failure instanceof ArithmeticException) {
            return "it is larger than Java's arrays";
        }
        if (failure instanceof StackOverflowError) {
            return "it is nested too deeply";
        }
        String message = failure.getMessage();
        return message == null || message.isBlank()
                ? failure.getClass().getSimpleName()
                : message.lines().findFirst().orElse("");
    }

    private static boolean endsEarly(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof EOFException) {
                return true;
            }
        }
        return false;
    }
}
