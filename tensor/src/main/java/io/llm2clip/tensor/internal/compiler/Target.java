package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.tensor.Precision;
import java.util.Set;

/**
 * What the compiler needs to know of a device.
 *
 * @param name for messages
 * @param precisions in which it multiplies matrices
 * @param alignment of values in memory, in bytes
 */
public record Target(String name, Set<Precision> precisions, long alignment) {
    public Target {
        precisions = Set.copyOf(precisions);
    }
}
