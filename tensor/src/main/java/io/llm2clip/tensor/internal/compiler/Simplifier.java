package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.Update;
import io.llm2clip.tensor.internal.graph.Graph;
import io.llm2clip.tensor.internal.graph.Node;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Nodes that nothing needs are not visited, equal expressions become one node, operations without
 * effect disappear, arithmetic on constants is done now.
 */
final class Simplifier {
    private record Key(Operation operation, List<Node> inputs, Shape shape) {}

    private final Map<Key, Node> merged = new HashMap<>();
    private final Map<Tensor, Node> nodes = new HashMap<>();
    private final List<Node> order = new ArrayList<>();

    /**
     * An update of the graph.
     *
     * @param op the kernel that makes it; null for an assignment, of one value to one variable
     */
    record Updated(@Nullable KernelOp op, List<Node> values, List<Node> variables) {}

    /** The simplified graph: its nodes in an order of computation, and which of them outputs and updates are about. */
    record Simplified(List<Node> order, List<Node> outputs, List<Updated> updates, Map<Tensor, Node> inputs) {}

    static Simplified simplify(List<Tensor> outputs, List<Update> updates) {
        Simplifier simplifier = new Simplifier();
        Map<Tensor, Node> inputs = new LinkedHashMap<>();
        List<Tensor> roots = new ArrayList<>(outputs);
        updates.forEach(update -> {
            roots.addAll(update.values());
            roots.addAll(update.variables());
        });
        for (Tensor tensor : Graph.topological(roots)) {
            Node node = simplifier.visit(tensor);
            simplifier.nodes.put(tensor, node);
            if (tensor.operation() instanceof Operation.Input) {
                inputs.put(tensor, node);
            }
        }
        List<Node> needed = simplifier.nodes(roots);
        needed.forEach(node -> node.output = true);
        return new Simplified(
                live(simplifier.order, needed),
                needed.subList(0, outputs.size()),
                updates.stream().map(simplifier::updated).toList(),
                inputs);
    }

    private Updated updated(Update update) {
        KernelOp op = switch (update) {
            case Update.Assign _ -> null;
            case Update.Kernel kernel -> kernel.op();
        };
        return new Updated(op, nodes(update.values()), nodes(update.variables()));
    }

    private List<Node> nodes(List<Tensor> tensors) {
        return tensors.stream().map(tensor -> Graph.known(nodes, tensor)).toList();
    }

    private Node visit(Tensor tensor) {
        List<Node> inputs = tensor.inputs().stream().map(nodes::get).toList();
        return switch (tensor.operation()) {
            case Operation.StopGradient _, Operation.Reinterpret _, Operation.Recompute _ -> inputs.getFirst();
            case Operation.After _ -> constant(inputs.getFirst()) == null ? merge(tensor, inputs) : inputs.getFirst();
            case Operation.Cast(DType to) -> {
                Node input = inputs.getFirst();
                // Widened and rounded back it is the same; ints that no f32 is are not.
                boolean back = input.operation instanceof Operation.Cast
                        && to != DType.I32
                        && input.inputs.getFirst().dtype == to;
                yield back && input.dtype == DType.F32 ? input.inputs.getFirst() : merge(tensor, inputs);
            }
            case Operation.Pointwise p -> {
                Node shortcut = shortcut(p.opcode(), inputs);
                if (shortcut != null) {
                    yield shortcut;
                }
                Float constant = fold(p.opcode(), inputs);
                yield constant != null ? full(constant, tensor) : merge(tensor, inputs);
            }
            default -> merge(tensor, inputs);
        };
    }

    private Node merge(Tensor tensor, List<Node> inputs) {
        return merge(tensor.operation(), inputs, tensor);
    }

    private Node merge(Operation operation, List<Node> inputs, Tensor like) {
        return merged.computeIfAbsent(new Key(operation, inputs, like.shape()), _ -> {
            Node node = new Node(order.size(), operation, inputs, like.shape(), like.dtype());
            node.site = like.site();
            order.add(node);
            return node;
        });
    }

    private Node full(float value, Tensor like) {
        Operation.Scalar scalar = new Operation.Scalar(value);
        Node one = merged.computeIfAbsent(new Key(scalar, List.of(), Shape.SCALAR), _ -> {
            Node node = new Node(order.size(), scalar, List.of(), Shape.SCALAR, like.dtype());
            order.add(node);
            return node;
        });
        if (like.shape().rank() == 0) {
            return one;
        }
        Shape ones = Shape.of(like.shape().toList().stream().map(_ -> 1).toList());
        Key key = new Key(new Operation.Reshape(), List.of(one), ones);
        Node reshaped = merged.computeIfAbsent(key, _ -> {
            Node node = new Node(order.size(), new Operation.Reshape(), List.of(one), ones, like.dtype());
            order.add(node);
            return node;
        });
        return ones.equals(like.shape()) ? reshaped : merge(new Operation.Expand(), List.of(reshaped), like);
    }

    /** The operand that an operation without effect returns, as x * 1 or x + 0; all operands have the result's shape. */
    private static @Nullable Node shortcut(Opcode opcode, List<Node> inputs) {
        Node a = inputs.getFirst();
        Node b = inputs.getLast();
        return switch (opcode) {
            case MULTIPLY -> is(b, 1) ? a : is(a, 1) ? b : null;
            case ADD -> is(b, 0) ? a : is(a, 0) ? b : null;
            case SUBTRACT -> is(b, 0) ? a : null;
            case DIVIDE -> is(b, 1) ? a : null;
            case SELECT -> inputs.get(1) == b ? b : null;
            default -> null;
        };
    }

    private static @Nullable Float fold(Opcode opcode, List<Node> inputs) {
        Float a = constant(inputs.getFirst());
        Float b = constant(inputs.getLast());
        if (a == null || b == null) {
            return null;
        }
        return switch (opcode) {
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> a / b;
            case NEGATE -> -a;
            default -> null;
        };
    }

    private static boolean is(Node node, float value) {
        Float constant = constant(node);
        return constant != null && constant == value;
    }

    /** The number that all elements of a node are, if it is known now. */
    static @Nullable Float constant(Node node) {
        return switch (node.operation) {
            case Operation.Scalar scalar -> scalar.value();
            case Operation.Reshape _, Operation.Expand _, Operation.Permute _, Operation.Slice _ ->
                constant(node.inputs.getFirst());
            default -> null;
        };
    }

    /** Drops what shortcuts left unused and records users. */
    private static List<Node> live(List<Node> order, List<Node> outputs) {
        boolean[] needed = new boolean[order.size()];
        outputs.forEach(node -> needed[node.number] = true);
        List<Node> live = new ArrayList<>();
        for (Node node : order.reversed()) {
            if (needed[node.number]) {
                live.addFirst(node);
                node.inputs.forEach(input -> {
                    needed[input.number] = true;
                    input.users.add(node);
                });
            }
        }
        return live;
    }
}
