package io.llm2clip.image;

import java.io.IOException;
import java.io.InterruptedIOException;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.ImageInputStreamImpl;

/** A stream that fails once its thread is interrupted, so that decoders end which know nothing of interrupts. */
final class InterruptibleInput extends ImageInputStreamImpl {
    private final ImageInputStream input;

    /** @param input is closed with this */
    InterruptibleInput(ImageInputStream input) {
        this.input = input;
    }

    @Override
    public int read() throws IOException {
        requireWanted();
        bitOffset = 0;
        int value = input.read();
        if (value >= 0) {
            streamPos++;
        }
        return value;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        requireWanted();
        bitOffset = 0;
        int count = input.read(bytes, offset, length);
        if (count > 0) {
            streamPos += count;
        }
        return count;
    }

    private static void requireWanted() throws InterruptedIOException {
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("interrupted while the image was decoded");
        }
    }

    @Override
    public void seek(long position) throws IOException {
        super.seek(position);
        input.seek(position);
    }

    @Override
    public long length() {
        try {
            return input.length();
        } catch (IOException e) {
            // Unknown, as the interface says.
            return -1;
        }
    }

    @Override
    public void close() throws IOException {
        super.close();
        input.close();
    }
}
