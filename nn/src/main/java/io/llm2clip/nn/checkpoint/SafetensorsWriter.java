package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes safetensors files, byte for byte as the reference implementation does: wide types first, so that every tensor
 * is aligned to its element size, then by name.
 */
public final class SafetensorsWriter {
    /** A byte buffer, and so one write, reaches at most 2 GiB. */
    private static final long CHUNK = 1L << 30;

    private static final int GATHERED = 1 << 16;

    private SafetensorsWriter() {}

    /**
     * Writes the tensors and {@code metadata} to {@code file}, atomically; {@code format} is {@code pt} unless
     * {@code metadata} says otherwise, without which PyTorch's loaders refuse a file.
     *
     * @throws CheckpointException if the file cannot be written; the file that was there before stays as it was
     */
    public static void write(Path file, Map<String, StoredTensor> tensors, Map<String, String> metadata) {
        if (tensors.containsKey(SafetensorsHeader.METADATA)) {
            throw new CheckpointException(
                    "%s: expected tensor names other than '%s', which the format keeps for itself."
                            .formatted(file, SafetensorsHeader.METADATA));
        }
        tensors.forEach((name, tensor) -> {
            if (tensor.type().isQuantized()) {
                throw new CheckpointException(
                        "%s: tensor '%s': expected a type among %s, as safetensors has them, found %s; write its elements as floats."
                                .formatted(file, name, StoredType.plain(), tensor.type()));
            }
        });
        List<Map.Entry<String, StoredTensor>> ordered = tensors.entrySet().stream()
                .sorted(Comparator.comparing((Map.Entry<String, StoredTensor> e) ->
                                e.getValue().type())
                        .reversed()
                        .thenComparing(Map.Entry::getKey))
                .toList();
        Map<String, SafetensorsHeader.Entry> entries = new LinkedHashMap<>();
        long position = 0;
        for (Map.Entry<String, StoredTensor> tensor : ordered) {
            StoredTensor stored = tensor.getValue();
            long end = Math.addExact(position, stored.bytes());
            entries.put(tensor.getKey(), new SafetensorsHeader.Entry(stored.type(), stored.shape(), position, end));
            position = end;
        }
        Map<String, String> described = new TreeMap<>(metadata);
        described.putIfAbsent("format", "pt");
        byte[] json = new SafetensorsHeader(entries, described).toJson();
        AtomicFile.write(file, channel -> {
            writeFully(
                    channel,
                    ByteBuffer.allocate(Long.BYTES)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(json.length)
                            .flip());
            writeFully(channel, ByteBuffer.wrap(json));
            for (Map.Entry<String, StoredTensor> tensor : ordered) {
                writeData(channel, tensor.getValue());
            }
        });
    }

    private static void writeData(FileChannel channel, StoredTensor tensor) throws IOException {
        if (!tensor.isDense()) {
            writeView(channel, tensor);
            return;
        }
        MemorySegment data = tensor.data();
        for (long offset = 0; offset < data.byteSize(); offset += CHUNK) {
            long length = Math.min(CHUNK, data.byteSize() - offset);
            writeFully(channel, data.asSlice(offset, length).asByteBuffer());
        }
    }

    private static void writeView(FileChannel channel, StoredTensor tensor) throws IOException {
        long size = tensor.type().bytes();
        byte[] gathered = new byte[GATHERED];
        for (long first = 0; first < tensor.elements(); first += GATHERED / size) {
            long end = Math.min(tensor.elements(), first + GATHERED / size);
            MemorySegment part = MemorySegment.ofArray(gathered).asSlice(0, (end - first) * size);
            tensor.copyTo(part, ByteOrder.LITTLE_ENDIAN, first, end);
            writeFully(channel, ByteBuffer.wrap(gathered, 0, (int) part.byteSize()));
        }
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
