package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.internal.graph.Node;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Decides in what each kernel multiplies: those that are mostly matrix multiplication as the program asks, all others in f32. */
final class PrecisionPass {
    private PrecisionPass() {}

    /**
     * The precision of each kernel of the graph.
     *
     * @throws TensorException if the target does not have the one that the program asks for
     */
    static Map<Node, Precision> assign(List<Node> order, Target target, ProgramOptions options) {
        Precision wanted = options.precision();
        // Every device has f32.
        if (wanted != Precision.F32 && !target.precisions().all().contains(wanted)) {
            String absence = target.precisions().absence(wanted);
            throw new TensorException("Programs in " + wanted + " do not run on " + target.name() + ", which has "
                    + target.precisions().all().stream()
                            .sorted()
                            .map(Precision::toString)
                            .collect(Collectors.joining(", "))
                    + (absence == null ? "" : " (" + absence + ")")
                    + "; ask for one of these (--precision), or choose another device.");
        }
        Map<Node, Precision> assigned = new HashMap<>();
        for (Node node : order) {
            if (node.operation instanceof Operation.Kernel(KernelOp op, var _)) {
                assigned.put(node, multiplies(op, wanted) ? target.precisions().of(op, wanted) : Precision.F32);
            }
        }
        return assigned;
    }

    /** Integers are for quantized weights only; others have no scales. */
    private static boolean multiplies(KernelOp op, Precision wanted) {
        if (wanted == Precision.INT8) {
            return op instanceof Matmul matmul && matmul.b().format().isQuantized();
        }
        return op instanceof Matmul
                || op instanceof AttentionOp.Attention
                || op instanceof AttentionOp.AttentionGradient;
    }
}
