package io.llm2clip.training.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file of records that only grows, whole record by whole record; what a killed program wrote after a known length is cut off. */
final class AppendFile implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;
    private long length;

    private AppendFile(Path path, FileChannel channel, long length) {
        this.path = path;
        this.channel = channel;
        this.length = length;
    }

    /**
     * Opens a file, or creates it.
     *
     * @param length of what stays of it
     */
    static AppendFile open(Path path, long length) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
        long kept = Math.min(length, channel.size());
        channel.truncate(kept);
        return new AppendFile(path, channel, kept);
    }

    Path path() {
        return path;
    }

    /** Bytes of the whole records. */
    long length() {
        return length;
    }

    /** Adds a record, or nothing if that fails. */
    void append(byte[] bytes) throws IOException {
        ByteBuffer rest = ByteBuffer.wrap(bytes);
        try {
            while (rest.hasRemaining()) {
                channel.write(rest, length + rest.position());
            }
            length += bytes.length;
        } finally {
            if (rest.hasRemaining()) {
                channel.truncate(length);
            }
        }
    }

    /** Makes sure that what was added survives a power cut. */
    void force() throws IOException {
        channel.force(true);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
