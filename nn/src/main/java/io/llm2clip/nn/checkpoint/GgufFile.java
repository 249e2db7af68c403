package io.llm2clip.nn.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One file of the <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">GGUF format</a>: counts, metadata, what each
 * tensor is, the data. Shapes are given innermost first there, and outermost first here.
 */
final class GgufFile {
    private static final int MOST_TENSORS = 500_000;
    private static final int MOST_DIMENSIONS = 8;
    private static final long USUAL_ALIGNMENT = 32;
    private static final long LARGEST_ALIGNMENT = 1 << 20;
    private static final long HEADER = 24;
    private static final long NEWEST_VERSION = 3;
    private static final Map<Integer, StoredType> TYPES = Map.ofEntries(
            Map.entry(0, StoredType.F32),
            Map.entry(1, StoredType.F16),
            Map.entry(2, StoredType.Q4_0),
            Map.entry(3, StoredType.Q4_1),
            Map.entry(6, StoredType.Q5_0),
            Map.entry(7, StoredType.Q5_1),
            Map.entry(8, StoredType.Q8_0),
            Map.entry(12, StoredType.Q4_K),
            Map.entry(13, StoredType.Q5_K),
            Map.entry(14, StoredType.Q6_K),
            Map.entry(24, StoredType.I8),
            Map.entry(25, StoredType.I16),
            Map.entry(26, StoredType.I32),
            Map.entry(27, StoredType.I64),
            Map.entry(28, StoredType.F64),
            Map.entry(30, StoredType.BF16));

    /** @param offset from the first byte of the data */
    private record Info(String name, List<Long> shape, long type, long offset) {
        Optional<StoredType> stored() {
            return type > Integer.MAX_VALUE ? Optional.empty() : Optional.ofNullable(TYPES.get((int) type));
        }
    }

    private final Path file;
    private final MemorySegment bytes;
    private final GgufCursor cursor;

    private GgufFile(Path file, MemorySegment bytes) {
        this.file = file;
        this.bytes = bytes;
        cursor = new GgufCursor(file, bytes);
    }

    /** @throws CheckpointException if the file is damaged or of another version */
    static TensorFile read(Path file, MemorySegment bytes) {
        return new GgufFile(file, bytes).read();
    }

    private TensorFile read() {
        if (bytes.byteSize() < HEADER) {
            throw cursor.damaged("%d bytes at least".formatted(HEADER), Long.toString(bytes.byteSize()));
        }
        cursor.skip(4);
        long version = cursor.u32();
        if (version < 2 || version > NEWEST_VERSION) {
            throw new CheckpointException(
                    "%s: expected a GGUF file of version 2 or 3, little-endian, found version %d; convert it with today's llama.cpp."
                            .formatted(file, version));
        }
        long tensors = cursor.i64();
        GgufMetadata metadata = GgufMetadata.read(cursor, cursor.i64());
        if (tensors < 0 || tensors > MOST_TENSORS) {
            throw cursor.damaged("up to %d tensors".formatted(MOST_TENSORS), Long.toUnsignedString(tensors));
        }
        List<Info> infos = new ArrayList<>();
        for (long i = 0; i < tensors; i++) {
            infos.add(info());
        }
        return place(infos, metadata);
    }

    private Info info() {
        String name = cursor.text();
        long rank = cursor.u32();
        if (rank > MOST_DIMENSIONS) {
            throw cursor.damaged(
                    "up to %d dimensions of tensor '%s'".formatted(MOST_DIMENSIONS, name), Long.toString(rank));
        }
        List<Long> shape = new ArrayList<>();
        for (int i = 0; i < rank; i++) {
            shape.add(cursor.i64());
        }
        Collections.reverse(shape);
        return new Info(name, shape, cursor.u32(), cursor.i64());
    }

    private TensorFile place(List<Info> infos, GgufMetadata metadata) {
        long alignment = metadata.alignment().orElse(USUAL_ALIGNMENT);
        if (alignment < 1 || alignment > LARGEST_ALIGNMENT || Long.bitCount(alignment) != 1) {
            throw cursor.damaged("an alignment that is a power of 2", Long.toString(alignment));
        }
        long begin = Math.min(bytes.byteSize(), Math.ceilDiv(cursor.position(), alignment) * alignment);
        MemorySegment data = bytes.asSlice(begin);
        infos.sort((a, b) -> Long.compare(a.offset(), b.offset()));
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        Map<String, String> unreadable = new LinkedHashMap<>();
        long end = 0;
        for (Info info : infos) {
            if (tensors.containsKey(info.name()) || unreadable.containsKey(info.name())) {
                throw cursor.damaged("tensor '%s' once".formatted(info.name()), "it twice");
            }
            if (info.offset() < end || info.offset() % alignment != 0) {
                throw cursor.damaged(
                        "tensor '%s' from byte %d of the data, at a multiple of %d"
                                .formatted(info.name(), end, alignment),
                        Long.toString(info.offset()));
            }
            Optional<StoredType> type = info.stored();
            if (type.isEmpty()) {
                unreadable.put(info.name(), "one of GGML's type %d".formatted(info.type()));
                end = info.offset();
            } else {
                StoredTensor tensor = tensor(info, type.get(), data);
                tensors.put(info.name(), tensor);
                end = info.offset() + tensor.bytes();
            }
        }
        return new TensorFile(tensors, unreadable, metadata.values(), metadata.lists());
    }

    private StoredTensor tensor(Info info, StoredType type, MemorySegment data) {
        long size;
        try {
            size = StoredTensor.byteSize(type, info.shape());
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(
                    "%s: tensor '%s': %s The file is damaged; fetch it again."
                            .formatted(file, info.name(), e.getMessage()),
                    e);
        }
        if (!new LittleEndian(data).has(info.offset(), size)) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected %d bytes from byte %d of the data, found %d in all; the file is truncated, fetch it again."
                            .formatted(file, info.name(), size, info.offset(), data.byteSize()));
        }
        return new StoredTensor(type, info.shape(), data.asSlice(info.offset(), size));
    }
}
