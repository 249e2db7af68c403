package io.llm2clip.nn.checkpoint;

import io.llm2clip.kernels.cpu.runtime.Workers;
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
import java.util.function.LongConsumer;

/**
 * Writes safetensors files, byte for byte as the reference implementation does: wide types first, so that every tensor
 * is aligned to its element size, then by name. Quantized blocks come last, as bytes.
 */
public final class SafetensorsWriter {
    /** Elements that are made at a time, whole blocks of every type; some MB. */
    private static final int PIECE = 1 << 20;
    /** Elements that one thread makes. */
    private static final int SHARE = 1 << 17;

    private SafetensorsWriter() {}

    /**
     * Writes the tensors and {@code metadata} to {@code file}, atomically; {@code format} is {@code pt} unless
     * {@code metadata} says otherwise, without which PyTorch's loaders refuse a file.
     *
     * @throws CheckpointException if the file cannot be written; the file that was there before stays as it was
     */
    public static void write(Path file, Map<String, ? extends TensorContent> tensors, Map<String, String> metadata) {
        write(file, tensors, metadata, _ -> {});
    }

    /**
     * The same.
     *
     * @param written is told how many bytes of tensors were written since it was told before
     */
    public static void write(
            Path file,
            Map<String, ? extends TensorContent> tensors,
            Map<String, String> metadata,
            LongConsumer written) {
        if (tensors.containsKey(SafetensorsHeader.METADATA)) {
            throw new CheckpointException(
                    "%s: expected tensor names other than '%s', which the format keeps for itself."
                            .formatted(file, SafetensorsHeader.METADATA));
        }
        List<? extends Map.Entry<String, ? extends TensorContent>> ordered = tensors.entrySet().stream()
                .sorted(Comparator.comparing((Map.Entry<String, ? extends TensorContent> e) ->
                                fileType(e.getValue().type()))
                        .reversed()
                        .thenComparing(Map.Entry::getKey))
                .toList();
        Map<String, SafetensorsHeader.Entry> entries = new LinkedHashMap<>();
        Map<String, String> described = new TreeMap<>(metadata);
        described.putIfAbsent("format", "pt");
        long position = 0;
        for (Map.Entry<String, ? extends TensorContent> tensor : ordered) {
            TensorContent content = tensor.getValue();
            long end = Math.addExact(position, content.bytes());
            entries.put(tensor.getKey(), QuantizedBlocks.entry(content, position, end));
            if (content.type().isQuantized()) {
                described.put(
                        QuantizedBlocks.KEY + tensor.getKey(), content.type().name());
            }
            position = end;
        }
        byte[] json = new SafetensorsHeader(entries, described).toJson();
        AtomicFile.write(file, channel -> {
            writeFully(
                    channel,
                    ByteBuffer.allocate(Long.BYTES)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(json.length)
                            .flip());
            writeFully(channel, ByteBuffer.wrap(json));
            ByteBuffer piece = ByteBuffer.allocateDirect(largestPiece(tensors));
            for (Map.Entry<String, ? extends TensorContent> tensor : ordered) {
                writeData(channel, tensor.getValue(), piece, written);
            }
        });
    }

    private static StoredType fileType(StoredType type) {
        return type.isQuantized() ? StoredType.U8 : type;
    }

    private static int largestPiece(Map<String, ? extends TensorContent> tensors) {
        return tensors.values().stream()
                .mapToInt(tensor -> Math.toIntExact(tensor.type().bytes(Math.min(PIECE, tensor.elements()))))
                .max()
                .orElse(0);
    }

    private static void writeData(FileChannel channel, TensorContent tensor, ByteBuffer buffer, LongConsumer written)
            throws IOException {
        StoredType type = tensor.type();
        for (long first = 0; first < tensor.elements(); first += PIECE) {
            long begin = first;
            long end = Math.min(tensor.elements(), begin + PIECE);
            buffer.clear().limit(Math.toIntExact(type.bytes(end - begin)));
            MemorySegment piece = MemorySegment.ofBuffer(buffer);
            Workers.shared().parallel(Math.toIntExact(Math.ceilDiv(end - begin, (long) SHARE)), (share, _) -> {
                long from = (long) share * SHARE;
                long to = Math.min(end - begin, from + SHARE);
                MemorySegment target = piece.asSlice(type.bytes(from), type.bytes(to) - type.bytes(from));
                tensor.writeTo(target, begin + from, begin + to);
            });
            writeFully(channel, buffer);
            written.accept(piece.byteSize());
        }
        tensor.unload();
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
