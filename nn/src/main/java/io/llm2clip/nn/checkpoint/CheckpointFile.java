package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/** A file of weights, whose format is told by its content: names of published files say little. */
final class CheckpointFile {
    /** The number that PyTorch's files began with before version 1.6, in a pickle of any protocol. */
    private static final String LEGACY_MAGIC = latin1(0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19);

    private static final int START = 32;
    private static final int LENGTH = 8;
    private static final int TAR_MAGIC_AT = 257;
    private static final int PICKLE = 0x80;
    private static final int NEWEST_PICKLE = 5;

    private CheckpointFile() {}

    /** The whole file, read where it is touched, until the arena is closed. */
    static MemorySegment map(Path file, Arena arena) {
        if (Files.isDirectory(file)) {
            throw new CheckpointException(
                    "%s: expected a file of weights, found a directory; name the file within.".formatted(file));
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (NoSuchFileException e) {
            throw new CheckpointException(
                    "%s: expected a file of weights, found none; check the path.".formatted(file), e);
        } catch (IOException e) {
            throw new CheckpointException("%s: cannot be read: %s.".formatted(file, IoReason.of(e)), e);
        }
    }

    /** Whether this is an index of shards, which is JSON. */
    static boolean isIndex(MemorySegment bytes) {
        String start = text(bytes, 0, LENGTH);
        return !beginsWithLength(start) && start.stripLeading().startsWith("{");
    }

    /**
     * The tensors of one file.
     *
     * @param file what messages call it
     * @throws CheckpointException if it is damaged or of no known format
     */
    static TensorFile read(Path file, MemorySegment bytes) {
        String start = text(bytes, 0, START);
        if (start.startsWith("PK\3\4") || start.startsWith("PK\5\6")) {
            return TorchFile.read(file, bytes);
        }
        if (start.startsWith("GGUF")) {
            return GgufFile.read(file, bytes);
        }
        if (!beginsWithLength(start)) {
            refuseOtherFormats(file, bytes, start);
        }
        return SafetensorsFile.read(file, bytes);
    }

    /** What else lies where weights should be, each of which would look like a corrupt length of a safetensors header. */
    private static void refuseOtherFormats(Path file, MemorySegment bytes, String start) {
        if (start.startsWith("version ")) {
            throw new CheckpointException(
                    "%s: expected weights, found a Git LFS pointer; run 'git lfs pull' in its repository."
                            .formatted(file));
        }
        if (start.stripLeading().startsWith("<")) {
            throw new CheckpointException(
                    "%s: expected weights, found a web page, as of a download that failed; fetch it again."
                            .formatted(file));
        }
        if (start.contains(LEGACY_MAGIC) || text(bytes, TAR_MAGIC_AT, 5).equals("ustar")) {
            throw new CheckpointException(
                    ("%s: expected weights as safetensors, a PyTorch zip archive or GGUF, found PyTorch's format from before "
                                    + "version 1.6; convert it in Python: "
                                    + "torch.save(torch.load(FILE, map_location='cpu', weights_only=True), NEW_FILE).")
                            .formatted(file));
        }
        if (start.length() > 1
                && start.charAt(0) == PICKLE
                && start.charAt(1) <= NEWEST_PICKLE
                && start.charAt(1) > 1) {
            throw new CheckpointException(
                    "%s: expected weights as safetensors, a PyTorch zip archive or GGUF, found a bare Python pickle; save its tensors in Python by torch.save."
                            .formatted(file));
        }
    }

    /** As safetensors do: 8 bytes, the upper half 0, which no text has, and which may look like the start of anything. */
    private static boolean beginsWithLength(String start) {
        return start.length() >= LENGTH && start.substring(LENGTH / 2, LENGTH).equals("\0\0\0\0");
    }

    private static String text(MemorySegment bytes, long offset, long length) {
        long begin = Math.min(offset, bytes.byteSize());
        byte[] part =
                bytes.asSlice(begin, Math.min(length, bytes.byteSize() - begin)).toArray(ValueLayout.JAVA_BYTE);
        return new String(part, StandardCharsets.ISO_8859_1);
    }

    private static String latin1(int... bytes) {
        StringBuilder text = new StringBuilder();
        Arrays.stream(bytes).forEach(b -> text.append((char) b));
        return text.toString();
    }
}
