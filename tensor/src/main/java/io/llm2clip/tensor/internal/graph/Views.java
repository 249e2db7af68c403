package io.llm2clip.tensor.internal.graph;

import io.llm2clip.tensor.Operation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The values of a graph as strided looks at those that are in memory. */
public final class Views {
    private final Map<Node, View> known = new HashMap<>();

    /** The values that must be computed before others are read, because they are read after them. */
    public List<Node> readAfter(List<Node> nodes) {
        List<Node> found = new ArrayList<>();
        nodes.forEach(node -> addReadAfter(node, found));
        return found;
    }

    private void addReadAfter(Node node, List<Node> found) {
        // Views that are stored are read where they are.
        if (!node.inputs.isEmpty() && of(node).base() != node) {
            if (node.operation instanceof Operation.After) {
                found.add(of(node.inputs.getLast()).base());
            }
            addReadAfter(node.inputs.getFirst(), found);
        }
    }

    /** A value's view; of itself if it has to be in memory, as where strides cannot express a reshape. */
    public View of(Node node) {
        View view = known.get(node);
        if (view == null) {
            view = switch (node.operation) {
                case Operation.Reshape _ -> {
                    View reshaped = of(node.inputs.getFirst()).reshape(node.shape);
                    yield reshaped != null ? reshaped : View.dense(node);
                }
                case Operation.Permute permute -> of(node.inputs.getFirst()).permute(permute.axes());
                case Operation.After _ -> of(node.inputs.getFirst());
                case Operation.Expand _ -> of(node.inputs.getFirst()).expand(node.shape);
                case Operation.Slice slice -> of(node.inputs.getFirst()).slice(slice.axis(), slice.start(), node.shape);
                default -> View.dense(node);
            };
            known.put(node, view);
        }
        return view;
    }
}
