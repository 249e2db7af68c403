package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.internal.graph.Graph;
import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.View;
import io.llm2clip.tensor.internal.graph.Views;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Nodes become computations, one per kernel: elementwise nodes in groups, and a group that reads a matrix product as its epilogue. */
final class Fusion {
    private final Map<Node, Set<Node>> groups;
    private final Map<Node, Precision> precisions;
    private final Views views;
    private final List<Computation> computations = new ArrayList<>();

    private Fusion(List<Node> order, Target target, Map<Node, Precision> precisions, Views views) {
        groups = ElementwiseGroups.of(order, target);
        this.precisions = precisions;
        this.views = views;
    }

    /** The computations, in the order of the nodes that they are for. */
    static List<Computation> fuse(List<Node> order, Target target, Map<Node, Precision> precisions, Views views) {
        Fusion fusion = new Fusion(order, target, precisions, views);
        Map<Node, Node> products = fusion.products(order);
        order.forEach(node -> fusion.add(node, products));
        return fusion.computations;
    }

    /** The roots of groups that are computed as epilogues, and the products that they read. */
    private Map<Node, Node> products(List<Node> order) {
        Map<Node, Node> products = new HashMap<>();
        for (Node root : order) {
            if (isRoot(root) && root.dtype.stored() == DType.F32) {
                ElementwiseGroups.Group group = ElementwiseGroups.group(root, groups, List.of());
                Node last = null;
                for (Node operand : group.operands()) {
                    if (isProductOf(operand, root)
                            && (last == null || operand.number > last.number)
                            && canBeExtras(group, operand)) {
                        last = operand;
                    }
                }
                if (last != null) {
                    products.put(root, last);
                }
            }
        }
        return products;
    }

    private boolean isRoot(Node node) {
        return Set.of(node).equals(groups.get(node));
    }

    private boolean isProductOf(Node operand, Node root) {
        return operand.operation instanceof Operation.Kernel(Matmul _, var _)
                && !operand.output
                && operand.shape.equals(root.shape)
                && operand.users.stream().allMatch(user -> Set.of(root).equals(groups.get(user)));
    }

    /** Epilogues read and write f32 only. */
    private boolean canBeExtras(ElementwiseGroups.Group group, Node product) {
        return group.operands().stream()
                .allMatch(operand -> operand.dtype.stored() == DType.F32
                        && (operand == product || broadcast(views.of(operand), product.shape) != null));
    }

    /** How an operand of an epilogue lies over its product, or null where it does in no way that kernels know. */
    static @Nullable Broadcast broadcast(View view, Shape product) {
        if (view.single()) {
            return Broadcast.SCALAR;
        }
        if (view.row() && view.shape().dim(-1) == product.dim(-1)) {
            return Broadcast.ROW;
        }
        return view.dense() ? Broadcast.FULL : null;
    }

    private void add(Node node, Map<Node, Node> products) {
        switch (node.operation) {
            case Operation.Kernel kernel -> {
                if (!products.containsValue(node)) {
                    KernelOp op = asked(node, kernel.op());
                    List<Node> results =
                            results(node, kernel).subList(0, op.results().size());
                    computations.add(new Computation.Coarse(op, Graph.known(precisions, node), node.inputs, results));
                }
            }
            case Operation.Pointwise _ -> {
                if (isRoot(node)) {
                    computations.add(pointwise(node, products.get(node)));
                }
            }
            case Operation.Cast(DType to) -> {
                if (isRoot(node)) {
                    computations.add(pointwise(node, products.get(node)));
                } else if (!groups.containsKey(node)) {
                    KernelOp op = Elementwise.convert(
                            node.shape.size(), node.inputs.getFirst().dtype.stored(), to);
                    computations.add(new Computation.Coarse(op, Precision.F32, node.inputs, List.of(node)));
                }
            }
            case Operation.Reshape _ -> {
                if (views.of(node).base() == node) {
                    computations.add(new Computation.Copy(node.inputs.getFirst(), node));
                }
            }
            case Operation.Input _,
                    Operation.Variable _,
                    Operation.Scalar _,
                    Operation.Permute _,
                    Operation.Expand _,
                    Operation.Slice _,
                    Operation.Reinterpret _,
                    Operation.Recompute _,
                    Operation.After _,
                    Operation.StopGradient _,
                    Operation.Output _ -> {}
        }
    }

    private Computation pointwise(Node root, @Nullable Node product) {
        if (product == null) {
            ElementwiseGroups.Group group = ElementwiseGroups.group(root, groups, List.of());
            return new Computation.Pointwise(group.expression(), group.operands(), root);
        }
        ElementwiseGroups.Group group = ElementwiseGroups.group(root, groups, List.of(product));
        return new Computation.Product(
                (Matmul) ((Operation.Kernel) product.operation).op(),
                Graph.known(precisions, product),
                product.inputs,
                group.expression(),
                group.operands().subList(1, group.operands().size()),
                root);
    }

    /** The kernel, or one that computes no gradients of parameters where nothing reads them, as those of frozen ones. */
    private static KernelOp asked(Node node, KernelOp kernel) {
        boolean inputOnly = node.users.stream().allMatch(user -> user.operation.equals(new Operation.Output(0)));
        if (!inputOnly) {
            return kernel;
        }
        return switch (kernel) {
            case NormOp.LayerNormGradient op ->
                new NormOp.LayerNormGradient(op.rows(), op.columns(), op.epsilon(), false);
            case NormOp.RmsNormGradient op -> new NormOp.RmsNormGradient(op.rows(), op.columns(), op.epsilon(), false);
            default -> kernel;
        };
    }

    /** The values that a kernel writes; those that nothing reads take memory nevertheless. */
    private static List<Node> results(Node node, Operation.Kernel kernel) {
        if (!kernel.several()) {
            return List.of(node);
        }
        List<Node> nodes = new ArrayList<>();
        for (Operand result : kernel.op().results()) {
            Operation.Output output = new Operation.Output(nodes.size());
            nodes.add(node.users.stream()
                    .filter(user -> user.operation.equals(output))
                    .findFirst()
                    .orElseGet(() -> Node.temporary(output, kernel.shapes().get(output.index()), result.dtype())));
        }
        return nodes;
    }
}
