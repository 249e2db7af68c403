package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** One safetensors file, mapped into an arena: 8 bytes of header length, a JSON header, the data. */
record SafetensorsFile(Map<String, StoredTensor> tensors, Map<String, String> metadata) {
    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** The limit of the reference implementation, which keeps a damaged length from allocating gigabytes. */
    private static final long LONGEST_HEADER = 100_000_000;

    static SafetensorsFile map(Path file, Arena arena) {
        MemorySegment bytes = mapWhole(file, arena);
        if (bytes.byteSize() < Long.BYTES) {
            throw new CheckpointException(
                    "%s: expected a safetensors file of at least 8 bytes, found %d; it is truncated, fetch it again."
                            .formatted(file, bytes.byteSize()));
        }
        refuseOtherFormats(file, bytes);
        long length = bytes.get(LENGTH, 0);
        long available = bytes.byteSize() - Long.BYTES;
        if (length < 0 || length > LONGEST_HEADER) {
            throw new CheckpointException(
                    "%s: expected a header of at most %d bytes, found the length %s; this is not a safetensors file."
                            .formatted(file, LONGEST_HEADER, Long.toUnsignedString(length)));
        }
        if (length > available) {
            throw new CheckpointException(
                    "%s: expected a header of %d bytes, found %d up to the end of the file; it is truncated, fetch it again."
                            .formatted(file, length, available));
        }
        byte[] json = bytes.asSlice(Long.BYTES, length).toArray(ValueLayout.JAVA_BYTE);
        MemorySegment data = bytes.asSlice(Long.BYTES + length);
        SafetensorsHeader header = SafetensorsHeader.parse(file, json, data.byteSize());
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        header.tensors()
                .forEach((name, entry) -> tensors.put(
                        name,
                        new StoredTensor(
                                entry.type(),
                                entry.shape(),
                                data.asSlice(entry.begin(), entry.end() - entry.begin()))));
        return new SafetensorsFile(tensors, header.metadata());
    }

    private static MemorySegment mapWhole(Path file, Arena arena) {
        if (Files.isDirectory(file)) {
            throw new CheckpointException("%s: expected a safetensors file, found a directory.".formatted(file));
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (NoSuchFileException e) {
            throw new CheckpointException(
                    "%s: expected a safetensors file, found none; check the path.".formatted(file), e);
        } catch (IOException e) {
            throw new CheckpointException("%s: cannot be read: %s.".formatted(file, IoReason.of(e)), e);
        }
    }

    /** The two things that most often lie where weights should be, each of which would look like a corrupt length. */
    private static void refuseOtherFormats(Path file, MemorySegment bytes) {
        byte[] start = bytes.asSlice(0, Long.BYTES).toArray(ValueLayout.JAVA_BYTE);
        if (Arrays.equals(start, "version ".getBytes(StandardCharsets.US_ASCII))) {
            throw new CheckpointException(
                    "%s: expected weights, found a Git LFS pointer; run 'git lfs pull' in its repository."
                            .formatted(file));
        }
        if (start[0] == 'P' && start[1] == 'K' && start[2] == 3 && start[3] == 4) {
            throw new CheckpointException(
                    "%s: expected a safetensors file, found a zip archive (PyTorch's format); convert it to safetensors."
                            .formatted(file));
        }
    }
}
