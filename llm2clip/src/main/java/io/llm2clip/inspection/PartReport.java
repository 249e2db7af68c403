package io.llm2clip.inspection;

import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A part of a model.
 *
 * @param name such as "vision tower"
 * @param source the file or directory that it is in
 * @param summary what it is, in words
 * @param facts its sizes and switches by name
 * @param parameters number of elements of its tensors
 * @param types how many of them are stored in which type
 * @param problem why it cannot be opened, if it cannot
 */
public record PartReport(
        String name,
        Path source,
        String summary,
        Map<String, Object> facts,
        long parameters,
        Map<StoredType, Long> types,
        Optional<String> problem) {

    public PartReport {
        facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
        types = Collections.unmodifiableMap(new LinkedHashMap<>(types));
    }

    /** Tensors of which nothing more is known. */
    public static PartReport of(String name, Path source, String summary, Collection<StoredTensor> tensors) {
        Map<StoredType, Long> types = new EnumMap<>(StoredType.class);
        for (StoredTensor tensor : tensors) {
            types.merge(tensor.type(), tensor.elements(), Math::addExact);
        }
        long elements = types.values().stream().mapToLong(Long::longValue).sum();
        return new PartReport(name, source, summary, Map.of(), elements, types, Optional.empty());
    }

    /** Bytes of its tensors as they are stored. */
    public long bytes() {
        return types.entrySet().stream()
                .mapToLong(each -> each.getKey().bytes(each.getValue()))
                .sum();
    }
}
