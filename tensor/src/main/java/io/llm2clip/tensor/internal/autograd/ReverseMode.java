package io.llm2clip.tensor.internal.autograd;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.tensor.BuildSite;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.internal.graph.Graph;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Walks from an output back to its inputs and adds up what each operation's rule says flows to them. */
public final class ReverseMode {
    private ReverseMode() {}

    /** See {@link io.llm2clip.tensor.Gradients#of(Tensor, Tensor, List)}. */
    public static List<Tensor> differentiate(Tensor output, Tensor seed, List<Tensor> withRespectTo) {
        Map<Tensor, Tensor> adjoints = new HashMap<>(Map.of(output, seed));
        walk(output, withRespectTo, adjoints, true);
        return gradients(withRespectTo, adjoints);
    }

    /** Partial derivatives: as if the nodes that they are with respect to did not depend on each other. */
    static List<Tensor> partials(Tensor output, Tensor seed, List<Tensor> withRespectTo) {
        Map<Tensor, Tensor> adjoints = new HashMap<>(Map.of(output, seed));
        walk(output, withRespectTo, adjoints, false);
        return gradients(withRespectTo, adjoints);
    }

    private static List<Tensor> gradients(List<Tensor> withRespectTo, Map<Tensor, Tensor> adjoints) {
        return withRespectTo.stream()
                .map(target -> {
                    Tensor gradient = adjoints.get(target);
                    return gradient == null ? Tensor.full(0, target.shape()) : gradient;
                })
                .toList();
    }

    /**
     * Walks from an output to targets.
     *
     * @param adjoints what flows to each node, that of the output at first; is added to
     * @param through whether to go on from a target to others that it is computed from
     */
    static void walk(Tensor output, List<Tensor> withRespectTo, Map<Tensor, Tensor> adjoints, boolean through) {
        Set<Tensor> targets = new HashSet<>(withRespectTo);
        List<Tensor> dependents = dependents(output, targets);
        Set<Tensor> wanted = new HashSet<>(dependents);
        CustomGradients custom = new CustomGradients(wanted, adjoints);
        for (Tensor node : dependents) {
            if (node.operation() instanceof Operation.Kernel(CustomOp op, var _)) {
                if (through || !targets.contains(node)) {
                    custom.add(node, op);
                }
                continue;
            }
            if (CustomGradients.isResult(node)) {
                custom.pass(node, through || !targets.contains(node));
                continue;
            }
            Tensor adjoint = adjoints.get(node);
            if (adjoint == null || node.inputs().isEmpty() || (!through && targets.contains(node))) {
                continue;
            }
            if (node.operation() instanceof Operation.Recompute) {
                ScopeGradients.add(node, targets, wanted, adjoints);
                continue;
            }
            // The node between a result and what it is computed from is no value.
            List<Tensor> sources = node.operation() instanceof Operation.Output
                    ? node.inputs().getFirst().inputs()
                    : node.inputs();
            List<@Nullable Tensor> contributions = BuildSite.ofGradient(node, () -> rule(node, adjoint));
            for (int i = 0; i < contributions.size(); i++) {
                Tensor contribution = contributions.get(i);
                Tensor input = sources.get(i);
                if (contribution != null) {
                    adjoints.merge(input, contribution, Tensor::add);
                } else if (wanted.contains(input) && node.operation() instanceof Operation.Kernel(Matmul _, var _)) {
                    throw new TensorException("Gradient of matmul with respect to " + input.label()
                            + "; expected elements of type F32, keep weights that are trained in F32.");
                }
            }
        }
    }

    /** The nodes on a path from a target to the output along which a gradient may flow, consumers before their inputs. */
    private static List<Tensor> dependents(Tensor output, Set<Tensor> targets) {
        List<Tensor> order = Graph.topological(List.of(output));
        Set<Tensor> reached = new HashSet<>();
        for (Tensor node : order) {
            if (targets.contains(node)
                    || (carries(node) && node.inputs().stream().anyMatch(reached::contains))) {
                reached.add(node);
            }
        }
        List<Tensor> dependents = new ArrayList<>(reached);
        dependents.sort(Comparator.comparingLong(Tensor::id).reversed());
        return dependents;
    }

    /** Whether a gradient may flow through a node. */
    private static boolean carries(Tensor node) {
        return switch (node.operation()) {
            case Operation.StopGradient _ -> false;
            case Operation.Kernel kernel when kernel.several() -> true;
            default -> differentiable(node);
        };
    }

    /** One gradient per input, of an output's kernel where it is one, null where none flows. */
    private static List<@Nullable Tensor> rule(Tensor node, Tensor gradient) {
        Tensor input = node.inputs().getFirst();
        return switch (node.operation()) {
            case Operation.Input _, Operation.Variable _, Operation.Scalar _ -> List.of();
            case Operation.Pointwise pointwise -> PointwiseGradients.rule(pointwise.opcode(), node, gradient);
            case Operation.Reshape _ -> List.of(gradient.reshape(input.shape()));
            case Operation.Permute permute -> List.of(gradient.permute(inverse(permute.axes())));
            case Operation.Expand _ -> List.of(unbroadcast(gradient, input.shape()));
            case Operation.Slice slice -> List.of(pad(gradient, input.shape(), slice));
            case Operation.Cast _ -> differentiable(input) && differentiable(node) ? List.of(gradient) : none(1);
            case Operation.Reinterpret _, Operation.StopGradient _ -> none(1);
            case Operation.Kernel kernel -> KernelGradients.rule(kernel.op(), node, gradient);
            case Operation.After _ -> Arrays.asList(gradient, null);
            case Operation.Recompute _ -> throw new IllegalStateException("A scope has no rule of its own.");
            case Operation.Output(int index) -> KernelGradients.composed(index, input, gradient);
        };
    }

    /** Whether it stands for real numbers, of whatever precision. Gradients are of f32: rounding is taken for the identity. */
    static boolean differentiable(Tensor tensor) {
        return tensor.dtype() != DType.I32 && tensor.dtype() != DType.BOOL;
    }

    static List<@Nullable Tensor> none(int count) {
        List<@Nullable Tensor> none = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            none.add(null);
        }
        return none;
    }

    private static int[] inverse(List<Integer> axes) {
        int[] inverse = new int[axes.size()];
        for (int i = 0; i < inverse.length; i++) {
            inverse[axes.get(i)] = i;
        }
        return inverse;
    }

    private static Tensor unbroadcast(Tensor gradient, Shape shape) {
        List<Integer> axes = new ArrayList<>();
        for (int axis = 0; axis < shape.rank(); axis++) {
            if (shape.dim(axis) != gradient.shape().dim(axis)) {
                axes.add(axis);
            }
        }
        return gradient.sum(axes.stream().mapToInt(Integer::intValue).toArray()).reshape(shape);
    }

    private static Tensor pad(Tensor gradient, Shape shape, Operation.Slice slice) {
        int axis = slice.axis();
        int after = shape.dim(axis) - slice.start() - gradient.shape().dim(axis);
        List<Tensor> parts = new ArrayList<>();
        if (slice.start() > 0) {
            parts.add(Tensor.full(0, shape.with(axis, slice.start())));
        }
        parts.add(gradient);
        if (after > 0) {
            parts.add(Tensor.full(0, shape.with(axis, after)));
        }
        return Tensor.concat(axis, parts);
    }
}
