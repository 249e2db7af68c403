package io.llm2clip.tensor.internal.autograd;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.OperationException;
import io.llm2clip.tensor.BuildSite;
import io.llm2clip.tensor.DifferentiableOp;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Gradients of operations of one's own, which are asked once for all their results: when the walk has come through all of these. */
final class CustomGradients {
    private final Set<Tensor> wanted;
    private final Map<Tensor, Tensor> adjoints;
    private final Map<Tensor, List<Tensor>> outputs = new HashMap<>();
    private final Set<Tensor> ends = new HashSet<>();

    /**
     * @param wanted what is computed from a target, or is one
     * @param adjoints what flows to each node
     */
    CustomGradients(Set<Tensor> wanted, Map<Tensor, Tensor> adjoints) {
        this.wanted = wanted;
        this.adjoints = adjoints;
    }

    /** Whether a node is one of several results of such an operation. */
    static boolean isResult(Tensor node) {
        return node.operation() instanceof Operation.Output
                && node.inputs().getFirst().operation() instanceof Operation.Kernel(CustomOp _, var _);
    }

    /**
     * Takes note of a result until the operation's turn has come.
     *
     * @param on whether what flows to it flows on
     */
    void pass(Tensor result, boolean on) {
        outputs.computeIfAbsent(result.inputs().getFirst(), _ -> new ArrayList<>())
                .add(result);
        if (!on) {
            ends.add(result);
        }
    }

    /** Adds what flows to an operation's inputs. */
    void add(Tensor node, CustomOp op) {
        Operation.Kernel kernel = (Operation.Kernel) node.operation();
        List<Tensor> results = new ArrayList<>(kernel.results(node));
        Map<Integer, Tensor> flowing = new HashMap<>();
        Tensor whole = adjoints.get(node);
        if (whole != null) {
            flowing.put(0, whole);
        }
        for (Tensor output : outputs.getOrDefault(node, List.of())) {
            int index = ((Operation.Output) output.operation()).index();
            results.set(index, output);
            Tensor adjoint = adjoints.get(output);
            if (adjoint != null && !ends.contains(output)) {
                flowing.merge(index, adjoint, Tensor::add);
            }
        }
        List<Tensor> asked = node.inputs().stream()
                .filter(input -> wanted.contains(input) && ReverseMode.differentiable(input))
                .toList();
        if (asked.isEmpty() || flowing.isEmpty()) {
            return;
        }
        if (!(op instanceof DifferentiableOp differentiable)) {
            throw new TensorException("Gradient of " + op.name() + " with respect to "
                    + asked.getFirst().label() + ": the operation has none; have it implement DifferentiableOp, or cut"
                    + " the path by stopGradient().");
        }
        List<@Nullable Tensor> contributions =
                BuildSite.ofGradient(node, () -> gradients(differentiable, node, results, flowing));
        for (int i = 0; i < contributions.size(); i++) {
            Tensor contribution = contributions.get(i);
            if (contribution != null) {
                adjoints.merge(node.inputs().get(i), contribution, Tensor::add);
            }
        }
    }

    private static List<@Nullable Tensor> gradients(
            DifferentiableOp op, Tensor node, List<Tensor> results, Map<Integer, Tensor> flowing) {
        List<Tensor> gradients = new ArrayList<>();
        for (int i = 0; i < results.size(); i++) {
            Tensor gradient = flowing.get(i);
            gradients.add(gradient == null ? Tensor.full(0, results.get(i).shape()) : gradient);
        }
        List<@Nullable Tensor> found;
        try {
            found = OperationException.calling(
                    op,
                    "gradients()",
                    () -> Objects.requireNonNull(
                            op.gradients(node.inputs(), List.copyOf(results), List.copyOf(gradients)),
                            "gradients() is null"));
        } catch (OperationException e) {
            throw new TensorException(String.valueOf(e.getMessage()), e.getCause());
        }
        require(op, node.inputs(), found);
        return found;
    }

    private static void require(CustomOp op, List<Tensor> inputs, List<@Nullable Tensor> found) {
        String what = "Gradients of " + op.name() + ": expected ";
        if (found.size() != inputs.size()) {
            throw new TensorException(what + inputs.size() + ", one for each input, found " + found.size()
                    + "; return null for inputs that none flows to.");
        }
        for (int i = 0; i < found.size(); i++) {
            Tensor input = inputs.get(i);
            Tensor gradient = found.get(i);
            if (gradient == null) {
                continue;
            }
            String name = "input " + i + " (" + op.inputs().get(i).name() + "), which is " + input.label();
            if (!ReverseMode.differentiable(input) || input.dtype().isQuantized()) {
                throw new TensorException(what + "null for " + name + ", found " + gradient.label()
                        + "; only real numbers that can be trained have gradients.");
            }
            if (gradient.dtype() != DType.F32 || !gradient.shape().equals(input.shape())) {
                throw new TensorException(what + DType.F32 + " " + input.shape() + " for " + name + ", found "
                        + gradient.label() + "; reshape, sum or cast it.");
            }
        }
    }
}
