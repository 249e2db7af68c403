package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.tensor.Precision;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the compiler needs to know of a device.
 *
 * @param name for messages
 * @param precisions in which it multiplies matrices
 * @param alignment of values in memory, in bytes
 * @param packings layouts that it prefers for weights which never change
 * @param fusesCasts whether expressions read and write other types than f32; if not, it converts contiguous elements only
 */
public record Target(String name, Set<Precision> precisions, long alignment, Packings packings, boolean fusesCasts) {

    /** The layout in which a device reads the second operand of a matmul fastest; null if as it is stored. */
    public interface Packings {
        @Nullable
        Packing of(Matmul op);
    }

    public Target {
        precisions = Set.copyOf(precisions);
    }

    /** A device that reads weights as they are stored. */
    public Target(String name, Set<Precision> precisions, long alignment, boolean fusesCasts) {
        this(name, precisions, alignment, op -> null, fusesCasts);
    }
}
