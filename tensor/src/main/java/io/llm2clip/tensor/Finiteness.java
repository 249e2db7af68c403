package io.llm2clip.tensor;

import io.llm2clip.kernels.operations.Concat;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.IndexOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Rotary;
import java.util.List;

/** Which values may be infinite or NaN although everything that they are computed from is finite. */
public final class Finiteness {
    private Finiteness() {}

    /**
     * Whether an operation may yield such values: because it has poles, as {@code 1 / x}, or because an input already has them.
     *
     * <p>Coarse kernels are not followed: they mix elements, so that nothing behind them can tell such values apart any more. Of what is
     * computed by operations of one's own nothing is known. Overflow of sums and products is not meant either.
     */
    public static boolean isDoubtful(Operation operation, List<Tensor> inputs) {
        return switch (operation) {
            case Operation.Input _, Operation.Variable _ -> false;
            case Operation.Scalar(float value) -> !Float.isFinite(value);
            case Operation.Pointwise(Opcode opcode) ->
                switch (opcode) {
                    case EXP, LOG, SQRT, RSQRT -> true;
                    case DIVIDE -> mayBeZero(inputs.getLast()) || anyDoubtful(inputs);
                    case GREATER, EQUAL -> false;
                    default -> anyDoubtful(inputs);
                };
            case Operation.Kernel(KernelOp op, var _) ->
                switch (op) {
                    case Reduce _, IndexOp.Gather _, IndexOp.ScatterAdd _, Concat _, Rotary _ -> anyDoubtful(inputs);
                    case CustomOp _ -> true;
                    default -> false;
                };
            case Operation.Recompute _, Operation.After _ -> inputs.getFirst().isDoubtful();
            case Operation.Reshape _,
                    Operation.Permute _,
                    Operation.Expand _,
                    Operation.Slice _,
                    Operation.Reinterpret _,
                    Operation.Cast _,
                    Operation.Output _,
                    Operation.StopGradient _ -> anyDoubtful(inputs);
        };
    }

    /** Whether a divisor is anything but a number other than 0. */
    public static boolean mayBeZero(Tensor divisor) {
        return switch (divisor.operation()) {
            case Operation.Scalar(float value) -> !(Math.abs(value) > 0);
            case Operation.Reshape _,
                    Operation.Expand _,
                    Operation.Permute _,
                    Operation.Slice _,
                    Operation.Recompute _,
                    Operation.After _ -> mayBeZero(divisor.inputs().getFirst());
            default -> true;
        };
    }

    private static boolean anyDoubtful(List<Tensor> inputs) {
        return inputs.stream().anyMatch(Tensor::isDoubtful);
    }
}
