package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
import java.util.List;
import java.util.Set;

/**
 * Converts element types: f32 to bf16 or f16 (round to nearest even, beyond the greatest to infinity, NaN stays NaN), bf16 or f16
 * to f32 (exact), i32 to f32 (nearest), f32 to i32 (towards zero, saturating, NaN to 0).
 */
public record Convert(long elements, DType from, DType to) implements KernelOp {
    private static final Set<DType> OTHERS = Set.of(DType.BF16, DType.F16, DType.I32);

    public Convert {
        boolean known = (from == DType.F32 && OTHERS.contains(to)) || (to == DType.F32 && OTHERS.contains(from));
        Checks.require(known, "Convert: between f32 and bf16, f16 or i32", from + " to " + to);
    }

    @Override
    public List<Operand> operands() {
        return List.of(
                new Operand("in", from, elements, Operand.Access.READ),
                new Operand("out", to, elements, Operand.Access.WRITE));
    }
}
