package io.llm2clip.tensor.internal.graph;

import io.llm2clip.tensor.Operation;
import java.util.HashMap;
import java.util.Map;

/** The values of a graph as strided looks at those that are in memory. */
public final class Views {
    private final Map<Node, View> known = new HashMap<>();

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
                case Operation.Expand _ -> of(node.inputs.getFirst()).expand(node.shape);
                case Operation.Slice slice -> of(node.inputs.getFirst()).slice(slice.axis(), slice.start(), node.shape);
                default -> View.dense(node);
            };
            known.put(node, view);
        }
        return view;
    }
}
