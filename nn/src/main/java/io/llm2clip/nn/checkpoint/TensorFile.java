package io.llm2clip.nn.checkpoint;

import java.util.List;
import java.util.Map;

/**
 * What a file of any format holds.
 *
 * @param tensors by name, in the order of the file
 * @param unreadable what is a tensor of a kind that has no {@link StoredType}: from its name to what it is
 * @param metadata free-form strings
 * @param lists lists of such, as GGUF has them
 */
record TensorFile(
        Map<String, StoredTensor> tensors,
        Map<String, String> unreadable,
        Map<String, String> metadata,
        Map<String, List<String>> lists) {
    TensorFile(Map<String, StoredTensor> tensors, Map<String, String> unreadable, Map<String, String> metadata) {
        this(tensors, unreadable, metadata, Map.of());
    }
}
