package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Shape;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** In which format the weights of a frozen model are kept in memory. */
public enum WeightFormat {
    /** As the checkpoint has them; quantized ones that are no {@link DType}, and quantized embeddings, become f32. */
    STORED(null),
    /** {@link DType#F32}: nothing is rounded, and whatever the checkpoint has takes four bytes. */
    F32(DType.F32),
    /** {@link DType#BF16}, rounded to nearest even: linear layers and embeddings take two bytes per weight. */
    BF16(DType.BF16),
    /**
     * {@link DType#Q8}: 8 bits and a scale for each 32 weights of a row, a bit more than half of bf16. Rows that are not whole blocks stay
     * as the checkpoint has them, and so do embeddings, of which few rows are read, and weights in as few bits or fewer.
     */
    INT8(DType.Q8),
    /**
     * {@link DType#Q4_1}: 4 bits, and a scale and a minimum for each 32 weights of a row; otherwise as {@link #INT8}. So
     * {@link DType#Q4} stays what it is.
     */
    INT4(DType.Q4_1);

    private final @Nullable DType asked;

    WeightFormat(@Nullable DType asked) {
        this.asked = asked;
    }

    /** The format of a parameter that is loaded from elements of a type. */
    DType of(Parameter parameter, DType stored) {
        DType wanted = asked == null || isAsNarrow(stored, asked) ? stored : asked;
        if (!wanted.isQuantized()) {
            return wanted;
        }
        Shape shape = parameter.shape();
        boolean fits = parameter.role() == Parameter.Role.MATRIX
                && shape.rank() == 2
                && shape.dim(1) % wanted.blockSize() == 0;
        if (fits) {
            return wanted;
        }
        return stored.isQuantized() ? DType.F32 : stored;
    }

    private static boolean isAsNarrow(DType stored, DType asked) {
        return stored.isQuantized()
                && asked.isQuantized()
                && stored.bytes(stored.blockSize()) <= asked.bytes(stored.blockSize());
    }

    /**
     * Checks that there are kernels for it.
     *
     * @param available the formats that a device multiplies by
     * @throws IllegalArgumentException if it has none: the weights would take more memory than was asked for
     */
    void requireAmong(Set<DType> available) {
        if (asked != null && !available.contains(asked)) {
            throw new IllegalArgumentException(
                    "Weights in %s: expected a format that the device multiplies by, one of %s; choose one of these or leave the weights as they are stored."
                            .formatted(name().toLowerCase(Locale.ROOT), available));
        }
    }
}
