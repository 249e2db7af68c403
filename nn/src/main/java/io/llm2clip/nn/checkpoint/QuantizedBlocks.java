package io.llm2clip.nn.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Quantized tensors in safetensors files, which have no types for them: bytes of type {@code U8}, a row of blocks for each row of the
 * tensor, and an entry {@code quantized:NAME} of the free-form metadata that says of which type of GGUF the blocks are.
 */
final class QuantizedBlocks {
    static final String KEY = "quantized:";

    private QuantizedBlocks() {}

    /** The entry of the header for a tensor. */
    static SafetensorsHeader.Entry entry(TensorContent tensor, long begin, long end) {
        if (!tensor.type().isQuantized()) {
            return new SafetensorsHeader.Entry(tensor.type(), tensor.shape(), begin, end);
        }
        List<Long> bytes = new ArrayList<>(tensor.shape());
        bytes.set(bytes.size() - 1, tensor.type().bytes(bytes.getLast()));
        return new SafetensorsHeader.Entry(StoredType.U8, bytes, begin, end);
    }

    /** The header as what its blocks stand for, and without the metadata that says so. */
    static SafetensorsHeader resolve(Path file, SafetensorsHeader header) {
        Map<String, SafetensorsHeader.Entry> tensors = new LinkedHashMap<>(header.tensors());
        Map<String, String> metadata = new LinkedHashMap<>(header.metadata());
        header.metadata().forEach((key, type) -> {
            if (key.startsWith(KEY)) {
                String name = key.substring(KEY.length());
                tensors.computeIfPresent(name, (_, entry) -> resolve(file, name, entry, type));
                if (!tensors.containsKey(name)) {
                    throw new CheckpointException(
                            "%s: metadata '%s': expected the name of one of the %d tensors, found none such. The file is damaged; fetch or export it again."
                                    .formatted(file, key, tensors.size()));
                }
                metadata.remove(key);
            }
        });
        return new SafetensorsHeader(tensors, metadata);
    }

    private static SafetensorsHeader.Entry resolve(
            Path file, String name, SafetensorsHeader.Entry entry, String typeName) {
        Optional<StoredType> type = StoredType.quantized(typeName);
        if (type.isEmpty()) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected blocks of a type among %s, found %s; use a newer release, or convert the model again."
                            .formatted(file, name, StoredType.quantized(), typeName));
        }
        int bytes = Math.toIntExact(type.get().bytes(type.get().blockSize()));
        List<Long> shape = entry.shape();
        if (entry.type() != StoredType.U8
                || shape.isEmpty()
                || shape.getLast() % bytes != 0
                || shape.getLast() > Long.MAX_VALUE / 2) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected rows of %s as U8, in blocks of %d bytes, found %s of shape %s. The file is damaged; fetch or export it again."
                            .formatted(file, name, typeName, bytes, entry.type(), shape));
        }
        List<Long> elements = new ArrayList<>(shape);
        elements.set(shape.size() - 1, Math.multiplyExact(shape.getLast() / bytes, (long)
                type.get().blockSize()));
        return new SafetensorsHeader.Entry(type.get(), elements, entry.begin(), entry.end());
    }
}
