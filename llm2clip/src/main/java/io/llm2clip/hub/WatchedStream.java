package io.llm2clip.hub;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** The content of an answer, which ends with an error if the server sends nothing for too long. */
final class WatchedStream extends FilterInputStream {
    private static final ScheduledExecutorService WATCH = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("hub-watch").factory());

    private final Duration silence;
    private volatile boolean silent;

    WatchedStream(InputStream content, Duration silence) {
        super(content);
        this.silence = silence;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        ScheduledFuture<?> watch = WATCH.schedule(this::end, silence.toMillis(), TimeUnit.MILLISECONDS);
        try {
            return super.read(bytes, offset, length);
        } catch (IOException e) {
            throw new IOException(
                    silent
                            ? "the server sent nothing more for %d s".formatted(silence.toSeconds())
                            : "the connection broke",
                    e);
        } finally {
            watch.cancel(false);
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    /** Closing it from outside ends a read that waits. */
    private void end() {
        silent = true;
        try {
            in.close();
        } catch (IOException e) {
            // The reader hears of it.
        }
    }
}
