package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.internal.graph.Node;
import java.util.List;

/** Refuses to update a variable whose memory another one of the program shares, as that would change before it is read. */
final class SharedMemory {
    private SharedMemory() {}

    static void check(Simplifier.Simplified graph) {
        List<Operation.Variable> variables = graph.order().stream()
                .filter(node -> node.operation instanceof Operation.Variable)
                .map(SharedMemory::variable)
                .toList();
        graph.updates().stream()
                .flatMap(update -> update.variables().stream())
                .forEach(updated -> check(variable(updated), variables));
    }

    private static void check(Operation.Variable updated, List<Operation.Variable> variables) {
        TensorData data = updated.data();
        for (Operation.Variable other : variables) {
            if (other.data() != data && data.overlaps(other.data())) {
                throw new TensorException("Update of variable '" + updated.name() + "' " + data.dtype() + " "
                        + data.shape() + ": expected memory of its own, found that of variable '" + other.name()
                        + "' too; make both from one TensorData, or copy one.");
            }
        }
    }

    private static Operation.Variable variable(Node node) {
        return (Operation.Variable) node.operation;
    }
}
