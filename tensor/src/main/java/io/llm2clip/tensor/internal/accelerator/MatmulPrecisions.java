package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import io.llm2clip.tensor.Precision;
import java.util.Set;
import java.util.stream.Collectors;

/** What the library of a device calls the precisions of programs. */
final class MatmulPrecisions {
    private MatmulPrecisions() {}

    /** Those that programs may ask for. */
    static Set<Precision> of(Set<MatmulPrecision> precisions) {
        return precisions.stream()
                .map(precision -> switch (precision) {
                    case F32 -> Precision.F32;
                    case TF32 -> Precision.TF32;
                    case BF16 -> Precision.BF16;
                })
                .collect(Collectors.toSet());
    }

    static MatmulPrecision of(Precision precision) {
        return switch (precision) {
            case F32 -> MatmulPrecision.F32;
            case TF32 -> MatmulPrecision.TF32;
            case BF16 -> MatmulPrecision.BF16;
            case BF16X3, BF16X6, INT8 ->
                throw new IllegalArgumentException("The library has no products in " + precision + ".");
        };
    }
}
