package io.llm2clip.nn.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One file of the <a href="https://github.com/huggingface/safetensors#format">safetensors format</a>: 8 bytes of header length, a
 * JSON header, the data. The header is checked against the file: lengths, types, shapes, holes and overlaps.
 */
final class SafetensorsFile {
    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** The limit of the reference implementation, which keeps a damaged length from allocating gigabytes. */
    private static final long LONGEST_HEADER = 100_000_000;

    private SafetensorsFile() {}

    static TensorFile read(Path file, MemorySegment bytes) {
        if (bytes.byteSize() < Long.BYTES) {
            throw new CheckpointException(
                    "%s: expected a safetensors file of at least 8 bytes, found %d; it is truncated, fetch it again."
                            .formatted(file, bytes.byteSize()));
        }
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
        SafetensorsHeader header = QuantizedBlocks.resolve(file, SafetensorsHeader.parse(file, json, data.byteSize()));
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        header.tensors()
                .forEach((name, entry) -> tensors.put(
                        name,
                        new StoredTensor(
                                entry.type(),
                                entry.shape(),
                                data.asSlice(entry.begin(), entry.end() - entry.begin()))));
        return new TensorFile(tensors, Map.of(), header.metadata());
    }
}
