package io.llm2clip.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where results go: UTF-8 whatever the locale, and checked. A {@link PrintWriter} keeps errors to itself, so below it lies a stream
 * that throws {@link StandardOutputException}, and a command stops with its first line that nobody receives.
 */
final class StandardOutput extends OutputStream {
    /** The file type within the mode of Unix, and the types that have a reader. */
    private static final int TYPE = 0170000;

    private static final int PIPE = 0010000;
    private static final int SOCKET = 0140000;

    private final OutputStream stream;
    private final boolean hasReader;
    private final Runnable readerLeft;

    /**
     * @param hasReader whether it is a pipe or a socket, on which writing fails when the reader has what it wants, as {@code head} has
     * @param readerLeft is told so
     */
    StandardOutput(OutputStream stream, boolean hasReader, Runnable readerLeft) {
        this.stream = stream;
        this.hasReader = hasReader;
        this.readerLeft = readerLeft;
    }

    /** This process's, for all that commands print, help included. */
    static PrintWriter ofProcess(Runnable readerLeft) {
        return writer(new StandardOutput(new FileOutputStream(FileDescriptor.out), hasReader(), readerLeft));
    }

    static PrintWriter writer(StandardOutput output) {
        return new PrintWriter(new OutputStreamWriter(output, StandardCharsets.UTF_8));
    }

    /** The message of the failed write would say so, but in the user's language. */
    private static boolean hasReader() {
        try {
            int type = (int) Files.getAttribute(Path.of("/dev/stdout"), "unix:mode") & TYPE;
            return type == PIPE || type == SOCKET;
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    @Override
    public void write(int value) {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        try {
            stream.write(bytes, offset, length);
        } catch (IOException e) {
            throw failure(e);
        }
    }

    @Override
    public void flush() {
        try {
            stream.flush();
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private StandardOutputException failure(IOException cause) {
        if (hasReader) {
            readerLeft.run();
        }
        return new StandardOutputException(cause);
    }
}
