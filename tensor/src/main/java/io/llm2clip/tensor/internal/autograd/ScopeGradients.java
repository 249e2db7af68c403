package io.llm2clip.tensor.internal.autograd;

import io.llm2clip.tensor.Recomputation;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.internal.graph.Graph;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Gradients of a scope that is computed again: of a second instance of its nodes, which reads what the scope reads only after the
 * gradient of its result is there. So nothing of the first instance lives until then.
 */
final class ScopeGradients {
    private ScopeGradients() {}

    /**
     * Adds the gradients of what a scope reads, one contribution after the other, in the order in which they would be added were there no
     * scope: so sums have the same bits.
     *
     * @param targets what gradients are asked for, which must not be in the scope
     * @param wanted what is computed from a target, or is one
     * @param adjoints what flows to each node, that of the scope included
     */
    static void add(Tensor scope, Set<Tensor> targets, Set<Tensor> wanted, Map<Tensor, Tensor> adjoints) {
        Tensor gradient = Graph.known(adjoints, scope);
        Map<Tensor, Tensor> again = new HashMap<>();
        Map<Tensor, Tensor> inside = new HashMap<>();
        List<Tensor> read = new ArrayList<>();
        for (Tensor source : scope.inputs().subList(1, scope.inputs().size())) {
            Tensor later = Recomputation.after(source, gradient);
            again.put(source, later);
            if (wanted.contains(source)) {
                read.add(source);
                Tensor before = adjoints.get(source);
                if (before != null) {
                    inside.put(later, before);
                }
            }
        }
        for (Tensor node : Recomputation.nodes(scope)) {
            if (targets.contains(node)) {
                throw new TensorException(
                        "Gradients with respect to " + node.label()
                                + " of a recompute scope; expected what the scope reads or returns, values in it are not kept.");
            }
            List<Tensor> inputs = node.inputs().stream()
                    .map(input -> Graph.known(again, input))
                    .toList();
            again.put(node, inputs.isEmpty() ? node : Recomputation.again(node, inputs));
        }
        Tensor result = Graph.known(again, scope.inputs().getFirst());
        inside.put(result, gradient);
        ReverseMode.walk(
                result, read.stream().map(source -> Graph.known(again, source)).toList(), inside, false);
        for (Tensor source : read) {
            Tensor after = inside.get(Graph.known(again, source));
            if (after != null) {
                adjoints.put(source, after);
            }
        }
    }
}
