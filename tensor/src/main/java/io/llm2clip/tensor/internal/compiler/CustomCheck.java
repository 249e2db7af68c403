package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.internal.graph.Node;

/** Refuses operations of one's own that nothing runs on a device, before anything is planned for it. */
final class CustomCheck {
    private CustomCheck() {}

    /** @throws TensorException naming the operation and the target */
    static void require(Simplifier.Simplified graph, Target target) {
        for (Node node : graph.order()) {
            if (node.operation instanceof Operation.Kernel(CustomOp op, var _)) {
                require(op, target);
            }
        }
        for (Simplifier.Updated update : graph.updates()) {
            if (update.op() instanceof CustomOp op) {
                require(op, target);
            }
        }
    }

    private static void require(CustomOp op, Target target) {
        if (target.customs().runs(op) == null) {
            throw new TensorException("Operation " + op.name() + " does not run on " + target.name()
                    + ": it has no kernels for devices; have it implement DeviceOp, or run the program on the CPU.");
        }
    }
}
