package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.IndexOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.internal.graph.Node;
import java.util.List;
import java.util.stream.Collectors;

/** Refuses matrices in formats that a device has no kernels for, before anything is planned for it. */
final class FormatCheck {
    private FormatCheck() {}

    /** @throws TensorException naming the operation, the format, and those that the target takes */
    static void require(List<Node> order, Target target) {
        for (Node node : order) {
            if (node.operation instanceof Operation.Kernel(KernelOp op, var _)) {
                switch (op) {
                    case Matmul matmul -> require("A matmul with b", matmul.b().format(), target);
                    case IndexOp.Gather gather -> require("A gather from a table", gather.table(), target);
                    default -> {}
                }
            }
        }
    }

    private static void require(String what, DType format, Target target) {
        if (!target.matrixFormats().contains(format)) {
            throw new TensorException(what + " of " + format + " elements does not run on " + target.name()
                    + ", which takes "
                    + target.matrixFormats().stream()
                            .sorted()
                            .map(DType::toString)
                            .collect(Collectors.joining(", "))
                    + "; convert the elements, or load the weights for this device.");
        }
    }
}
