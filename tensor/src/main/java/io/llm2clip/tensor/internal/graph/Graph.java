package io.llm2clip.tensor.internal.graph;

import io.llm2clip.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Walks over the nodes that a set of outputs needs. */
public final class Graph {
    private Graph() {}

    /** The value of a node that an earlier pass has visited. */
    public static <K, V> V known(Map<K, V> values, K node) {
        return Objects.requireNonNull(values.get(node), () -> "No earlier pass has visited " + node);
    }

    /**
     * Every needed node once, inputs before consumers, in order of creation. A backward pass creates the gradients of a layer
     * together, so this order keeps few activations alive at a time.
     */
    public static List<Tensor> topological(List<Tensor> outputs) {
        Set<Tensor> seen = new HashSet<>(outputs);
        Deque<Tensor> open = new ArrayDeque<>(outputs);
        while (!open.isEmpty()) {
            for (Tensor input : open.pop().inputs()) {
                if (seen.add(input)) {
                    open.push(input);
                }
            }
        }
        List<Tensor> order = new ArrayList<>(seen);
        order.sort(Comparator.comparingLong(Tensor::id));
        return order;
    }
}
