package io.llm2clip.tensor.internal.host;

import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.internal.compiler.Target;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What kernels for the CPU call the precisions of programs, and which of them this CPU has. */
final class HostPrecisions implements Target.Precisions {

    @Override
    public Set<Precision> all() {
        return Arrays.stream(Precision.values())
                .filter(precision -> precision != Precision.TF32
                        && CpuKernels.absence(of(precision)).isEmpty())
                .collect(Collectors.toSet());
    }

    @Override
    public @Nullable String absence(Precision precision) {
        return precision == Precision.TF32
                ? null
                : CpuKernels.absence(of(precision)).orElse(null);
    }

    /** Attention is not computed in all of them. */
    @Override
    public Precision of(KernelOp op, Precision wanted) {
        return op instanceof AttentionOp && CpuKernels.computedIn(op, of(wanted)) == MatrixPrecision.F32
                ? Precision.F32
                : wanted;
    }

    static MatrixPrecision of(Precision precision) {
        return switch (precision) {
            case F32 -> MatrixPrecision.F32;
            case BF16 -> MatrixPrecision.BF16;
            case BF16X3 -> MatrixPrecision.BF16X3;
            case BF16X6 -> MatrixPrecision.BF16X6;
            case INT8 -> MatrixPrecision.INT8;
            case TF32 -> throw new IllegalArgumentException("A CPU does not multiply in " + precision + ".");
        };
    }
}
