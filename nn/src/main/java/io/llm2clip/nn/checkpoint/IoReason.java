package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Why the file system refused something, in words: the JDK's exceptions for the usual reasons have a path as their message. */
public final class IoReason {
    private IoReason() {}

    /** Part of a sentence, without a full stop. */
    public static String of(IOException exception) {
        if (exception instanceof FileSystemException failure && failure.getReason() == null) {
            String file = String.valueOf(failure.getFile());
            return switch (failure) {
                case AccessDeniedException _ -> "no permission for " + file;
                case NoSuchFileException _ -> "there is no " + file;
                case FileAlreadyExistsException _ -> file + " exists already";
                case DirectoryNotEmptyException _ -> "the folder " + file + " is not empty";
                case NotDirectoryException _ -> file + " is no folder";
                default -> failure.getClass().getSimpleName() + " of " + file;
            };
        }
        String message = exception.getMessage();
        return message == null ? exception.getClass().getSimpleName() : message;
    }
}
