package io.llm2clip.tensor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The nodes of {@link Tensor#recompute}: a scope, whose node knows its result and what that is computed from; and values that are read no
 * earlier than others are computed, from which the backward pass computes the scope again.
 */
public final class Recomputation {
    private Recomputation() {}

    /**
     * Makes a scope of the nodes that a result is computed by.
     *
     * @param first the number of the first node of the scope
     */
    static Tensor scope(Tensor result, long first) {
        if (isOutside(result, first)) {
            return result;
        }
        Set<Tensor> outside = new TreeSet<>(Comparator.comparingLong(Tensor::id));
        Set<Tensor> seen = new HashSet<>();
        List<Tensor> open = new ArrayList<>(List.of(result));
        while (!open.isEmpty()) {
            for (Tensor input : open.removeLast().inputs()) {
                if (isOutside(input, first)) {
                    outside.add(input);
                } else if (seen.add(input)) {
                    open.add(input);
                }
            }
        }
        outside.removeIf(source -> source.operation() instanceof Operation.Scalar);
        List<Tensor> inputs = new ArrayList<>(List.of(result));
        inputs.addAll(outside);
        return new Tensor(new Operation.Recompute(), inputs, result.shape(), result.dtype());
    }

    /** What a scope reads is stored or fed, or was there before it. */
    private static boolean isOutside(Tensor node, long first) {
        return node.id() < first
                || node.operation() instanceof Operation.Variable
                || node.operation() instanceof Operation.Input;
    }

    /** The nodes of a scope, inputs before consumers. */
    public static List<Tensor> nodes(Tensor scope) {
        Set<Tensor> outside =
                new HashSet<>(scope.inputs().subList(1, scope.inputs().size()));
        Tensor result = scope.inputs().getFirst();
        Set<Tensor> inside = new LinkedHashSet<>(List.of(result));
        List<Tensor> open = new ArrayList<>(inside);
        while (!open.isEmpty()) {
            for (Tensor input : open.removeLast().inputs()) {
                if (!outside.contains(input) && inside.add(input)) {
                    open.add(input);
                }
            }
        }
        return inside.stream().sorted(Comparator.comparingLong(Tensor::id)).toList();
    }

    /** A value that is not read before another one is computed, nor taken for the value itself when equal expressions are merged. */
    public static Tensor after(Tensor value, Tensor other) {
        return new Tensor(new Operation.After(), List.of(value, other), value.shape(), value.dtype());
    }

    /** The operation of a node on other inputs, of the same shapes and types. */
    public static Tensor again(Tensor node, List<Tensor> inputs) {
        return new Tensor(node.operation(), inputs, node.shape(), node.dtype());
    }
}
