package io.llm2clip.hub;

import io.llm2clip.hub.HubHttp.Answer;
import io.llm2clip.nn.checkpoint.Disk;
import io.llm2clip.progress.Progress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One content on its way into the cache: in a file {@code .incomplete} until it is whole and right. */
final class ContentDownload {
    private static final int BLOCK = 1 << 18;
    private static final Pattern RANGE = Pattern.compile("bytes (\\d{1,18})-\\d+/(?:\\d+|\\*)");

    private final Hub hub;
    private final HubCache cache;
    private final HubName name;
    private final RemoteFile file;
    private final Progress.Phase phase;
    private final Path content;
    private final Path incomplete;
    /** Bytes that the file has, and bytes that came from the server. */
    private long have;

    private long received;

    ContentDownload(Hub hub, HubCache cache, HubName name, RemoteFile file, Progress.Phase phase) {
        this.hub = hub;
        this.cache = cache;
        this.name = name;
        this.file = file;
        this.phase = phase;
        content = cache.content(name, file.tag());
        incomplete = incomplete(content);
    }

    static Path incomplete(Path content) {
        return content.resolveSibling(content.getFileName() + ".incomplete");
    }

    /** Fetches what is missing, unless another run did. */
    Path run() {
        try {
            Files.createDirectories(content.resolveSibling(""));
            try (ContentLock _ = ContentLock.acquire(
                    cache.lock(name, file.tag()),
                    () -> hub.retries()
                            .progress()
                            .note("%s: %s: another run is fetching it; waiting.".formatted(name, file.path())))) {
                if (isWhole(content)) {
                    phase.advance(file.size());
                } else {
                    fetch();
                }
            }
            return content;
        } catch (IOException e) {
            throw cache.unwritable(content, e);
        }
    }

    private boolean isWhole(Path path) throws IOException {
        return Files.isRegularFile(path) && Files.size(path) == file.size();
    }

    private void fetch() throws IOException {
        have = Files.exists(incomplete) ? Files.size(incomplete) : 0;
        boolean resumed = have > 0;
        if (resumed) {
            phase.preparing("resuming");
            phase.advance(have);
        }
        receive();
        boolean right = isRight();
        if (resumed && !right) {
            // What was there before may be the reason: of another run, or of a power cut.
            Files.delete(incomplete);
            startOver();
            receive();
            right = isRight();
        }
        if (!right) {
            Files.delete(incomplete);
            throw new HubException(
                    "%s: %s: expected content with %s, received another; try again, or use the Hub or another mirror (HF_ENDPOINT)."
                            .formatted(
                                    name,
                                    file.path(),
                                    file.checksum().map(Checksum::toString).orElse(file.size() + " bytes")));
        }
        Files.move(incomplete, content, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Disk.forceFolder(content.resolveSibling(""));
    }

    private boolean isRight() throws IOException {
        if (Files.size(incomplete) != file.size()) {
            return false;
        }
        return file.checksum().isEmpty()
                || file.checksum().get().of(incomplete).equals(file.checksum().get());
    }

    private void receive() {
        hub.retries().of(name + ": " + file.path(), () -> received, () -> {
            if (have > file.size()) {
                startOver();
            }
            try (FileChannel target = open()) {
                if (have < file.size()) {
                    receive(target);
                }
                force(target);
            }
            return have;
        });
    }

    private FileChannel open() {
        try {
            FileChannel target = FileChannel.open(incomplete, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            target.truncate(have);
            return target;
        } catch (IOException e) {
            throw cache.unwritable(incomplete, e);
        }
    }

    private void receive(FileChannel target) throws IOException {
        try (Answer answer = hub.content(name, file, have)) {
            if (answer.status() != 200 && start(answer) != have) {
                startOver();
                throw new IOException("the server did not send the part that was asked for");
            }
            if (answer.status() == 200) {
                // Also of servers that cannot send parts.
                startOver();
            }
            byte[] block = new byte[BLOCK];
            int read = answer.body().read(block);
            for (; read >= 0 && have + read <= file.size(); read = answer.body().read(block)) {
                write(target, ByteBuffer.wrap(block, 0, read));
                have += read;
                received += read;
                phase.advance(read);
            }
            if (read >= 0) {
                throw new HubException(
                        "%s: %s: expected %d bytes, the server sends more; try again, or use the Hub or another mirror (HF_ENDPOINT)."
                                .formatted(name, file.path(), file.size()));
            }
            if (have < file.size()) {
                throw new IOException("the connection ended at %d of %d bytes".formatted(have, file.size()));
            }
        }
    }

    private void startOver() {
        phase.advance(-have);
        have = 0;
    }

    private static long start(Answer answer) {
        Matcher range = RANGE.matcher(answer.header("Content-Range").orElse(""));
        return range.matches() ? Long.parseLong(range.group(1)) : -1;
    }

    /** A full disk is no broken connection. */
    private void write(FileChannel target, ByteBuffer bytes) {
        try {
            long position = have;
            while (bytes.hasRemaining()) {
                position += target.write(bytes, position);
            }
        } catch (IOException e) {
            throw cache.unwritable(incomplete, e);
        }
    }

    private void force(FileChannel target) {
        try {
            target.force(true);
        } catch (IOException e) {
            throw cache.unwritable(incomplete, e);
        }
    }
}
