package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.internal.graph.Graph;
import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.View;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Third pass of the compiler: nodes become kernels, views become strides and offsets, and an elementwise group that reads a
 * matrix product becomes its epilogue.
 */
public final class Lowering {
    private final Map<Node, Set<Node>> fused;
    private final Map<Node, View> views = new HashMap<>();
    private final Map<Node, Node> copies = new HashMap<>();
    private final Map<Node, Node> epilogues = new HashMap<>();
    private final Map<Node, MemoryPlanner.Buffer> buffers = new LinkedHashMap<>();
    private final List<Pending> pending = new ArrayList<>();

    /** A kernel whose operands are views still without addresses. */
    private record Pending(KernelOp op, List<View> operands) {}

    /** A plan and where a program finds its inputs and outputs. */
    public record Lowered(Plan plan, Map<Tensor, Plan.Slot> inputs, List<Plan.Slot> outputs) {}

    private Lowering(Map<Node, Set<Node>> fused) {
        this.fused = fused;
    }

    public static Lowered lower(List<Tensor> outputs) {
        Simplifier.Simplified graph = Simplifier.simplify(outputs);
        Lowering lowering = new Lowering(Fusion.groups(graph.order()));
        Map<Node, Fusion.Group> groups = lowering.chooseEpilogues(graph.order());
        graph.inputs().values().forEach(input -> lowering.buffers.put(input, buffer(input, -1)));
        graph.order().forEach(node -> lowering.emit(node, groups));
        List<View> results = graph.outputs().stream().map(lowering::stored).toList();
        return lowering.plan(graph, results);
    }

    /** Decides which products are computed by the kernel of an elementwise group that reads them. */
    private Map<Node, Fusion.Group> chooseEpilogues(List<Node> order) {
        Map<Node, Fusion.Group> groups = new HashMap<>();
        for (Node root : order) {
            if (!Set.of(root).equals(fused.get(root))) {
                continue;
            }
            Fusion.Group group = Fusion.group(root, fused, List.of());
            Node product = null;
            for (Node operand : group.operands()) {
                if (isProductOf(operand, root)
                        && (product == null || operand.number > product.number)
                        && extras(group, operand, root) != null) {
                    product = operand;
                }
            }
            if (product != null) {
                epilogues.put(product, root);
                group = Fusion.group(root, fused, List.of(product));
            }
            groups.put(root, group);
        }
        return groups;
    }

    private boolean isProductOf(Node operand, Node root) {
        return operand.operation instanceof Operation.Kernel(Matmul _)
                && !operand.output
                && operand.shape.equals(root.shape)
                && operand.users.stream().allMatch(user -> Set.of(root).equals(fused.get(user)));
    }

    /** How the group's other operands lie over the product, or null where one of them does in no supported way. */
    private @Nullable List<Broadcast> extras(Fusion.Group group, Node product, Node root) {
        Matmul gemm = (Matmul) ((Operation.Kernel) product.operation).op();
        List<Broadcast> extras = new ArrayList<>();
        for (Node operand : group.operands()) {
            if (operand == product) {
                continue;
            }
            View view = view(operand);
            if (view.single()) {
                extras.add(Broadcast.SCALAR);
            } else if (view.row() && root.shape.dim(-1) == gemm.n()) {
                extras.add(Broadcast.ROW);
            } else if (view.dense()) {
                extras.add(Broadcast.FULL);
            } else {
                return null;
            }
        }
        return extras;
    }

    private void emit(Node node, Map<Node, Fusion.Group> groups) {
        switch (node.operation) {
            case Operation.Kernel kernel -> {
                if (!epilogues.containsKey(node)) {
                    List<View> operands = node.inputs.stream().map(this::stored).toList();
                    emit(kernel.op(), results(node, kernel), operands);
                }
            }
            case Operation.Pointwise _ -> {
                Fusion.Group group = groups.get(node);
                if (group == null) {
                    return;
                }
                Node first =
                        group.operands().isEmpty() ? null : group.operands().getFirst();
                if (first != null && epilogues.get(first) == node) {
                    emitProduct(first, node, group);
                } else {
                    List<View> operands =
                            group.operands().stream().map(this::view).toList();
                    emit(elementwise(group.expression(), node.shape, operands), node, operands);
                }
            }
            case Operation.Reshape _ -> {
                if (view(node).base() == node) {
                    // Its strides cannot express the new shape, so the elements are copied into order.
                    emitCopy(view(node.inputs.getFirst()), node);
                }
            }
            default -> {}
        }
    }

    /** The values that a kernel writes; those that nothing reads take memory nevertheless. */
    private static List<Node> results(Node node, Operation.Kernel kernel) {
        if (!kernel.several()) {
            return List.of(node);
        }
        List<Node> results = new ArrayList<>();
        for (Operand result : kernel.op().results()) {
            Operation.Output output = new Operation.Output(results.size());
            results.add(node.users.stream()
                    .filter(user -> user.operation.equals(output))
                    .findFirst()
                    .orElseGet(
                            () -> new Node(-1, output, List.of(), Shape.of((int) result.elements()), result.dtype())));
        }
        return results;
    }

    private void emitCopy(View source, Node copy) {
        // Copies are expressions, which are of f32 lanes.
        if (copy.dtype.bytes() != Float.BYTES) {
            throw new TensorException("A view of " + copy.dtype + " " + source.shape()
                    + " is not contiguous; cast to F32 before permuting or slicing.");
        }
        KernelOp op = new Elementwise(
                copy.dtype.stored(), Expression.IDENTITY, source.shape().toList(), List.of(source.strides()));
        emit(op, copy, List.of(source));
    }

    private void emitProduct(Node product, Node root, Fusion.Group group) {
        Matmul gemm = (Matmul) ((Operation.Kernel) product.operation).op();
        List<Broadcast> extras = extras(group, product, root);
        List<View> operands = new ArrayList<>();
        product.inputs.forEach(input -> operands.add(stored(input)));
        group.operands().stream().skip(1).map(this::view).forEach(operands::add);
        KernelOp fused = new Matmul(
                gemm.batch(),
                gemm.m(),
                gemm.n(),
                gemm.k(),
                gemm.transposeA(),
                gemm.transposeB(),
                gemm.lda(),
                gemm.ldb(),
                gemm.batchStrideA(),
                gemm.batchStrideB(),
                group.expression(),
                extras == null ? List.of() : extras);
        emit(fused, root, operands);
    }

    private void emit(KernelOp op, Node result, List<View> operands) {
        emit(op, List.of(result), operands);
    }

    private void emit(KernelOp op, List<Node> results, List<View> operands) {
        int step = pending.size();
        for (View operand : operands) {
            MemoryPlanner.Buffer buffer = buffers.get(operand.base());
            if (buffer != null) {
                buffer.last = step;
            }
        }
        List<View> all = new ArrayList<>(operands);
        for (Node result : results) {
            buffers.put(result, buffer(result, step));
            all.add(View.dense(result));
        }
        pending.add(new Pending(op, all));
    }

    private static KernelOp elementwise(Expression expression, Shape shape, List<View> operands) {
        return new Elementwise(
                expression, shape.toList(), operands.stream().map(View::strides).toList());
    }

    /** A node as a strided look at something in memory. */
    private View view(Node node) {
        View known = views.get(node);
        if (known == null) {
            known = switch (node.operation) {
                case Operation.Reshape _ -> {
                    View reshaped = view(node.inputs.getFirst()).reshape(node.shape);
                    yield reshaped != null ? reshaped : View.dense(node);
                }
                case Operation.Permute permute -> view(node.inputs.getFirst()).permute(permute.axes());
                case Operation.Expand _ -> view(node.inputs.getFirst()).expand(node.shape);
                case Operation.Slice slice ->
                    view(node.inputs.getFirst()).slice(slice.axis(), slice.start(), node.shape);
                default -> View.dense(node);
            };
            views.put(node, known);
        }
        return known;
    }

    /** A node as contiguous elements in memory, copied there if its view is not contiguous or it is a constant. */
    private View stored(Node node) {
        if (Simplifier.constant(node) == null) {
            View view = view(node);
            if (view.dense()) {
                return view;
            }
        }
        return View.dense(copy(node));
    }

    private Node copy(Node node) {
        Node known = copies.get(node);
        if (known == null) {
            known = new Node(-1, node.operation, List.of(), node.shape, node.dtype);
            copies.put(node, known);
            Float constant = Simplifier.constant(node);
            if (constant != null) {
                Expression fill = new Expression(0, List.of(Expression.Instruction.constant(constant)));
                emit(elementwise(fill, node.shape, List.of()), known, List.of());
            } else {
                emitCopy(view(node), known);
            }
        }
        return known;
    }

    private static MemoryPlanner.Buffer buffer(Node node, int step) {
        return new MemoryPlanner.Buffer((long) node.shape.size() * node.dtype.bytes(), step);
    }

    private Lowered plan(Simplifier.Simplified graph, List<View> results) {
        // Outputs are memory of the program's own: a variable or an input handed through is copied.
        List<View> outputs = results.stream()
                .map(result ->
                        buffers.containsKey(result.base()) && !(result.base().operation instanceof Operation.Input)
                                ? result
                                : View.dense(outputCopy(result)))
                .toList();
        // Outputs are read after the last step, and what was fed stays for the next run.
        outputs.forEach(output -> Graph.known(buffers, output.base()).last = pending.size());
        graph.inputs().values().forEach(input -> Graph.known(buffers, input).last = pending.size());
        Map<DType, List<MemoryPlanner.Buffer>> byType = new EnumMap<>(DType.class);
        buffers.forEach((node, buffer) -> byType.computeIfAbsent(node.dtype.stored(), _ -> new ArrayList<>())
                .add(buffer));
        Map<DType, Long> bytes = new EnumMap<>(DType.class);
        byType.forEach((dtype, placed) -> bytes.put(dtype, MemoryPlanner.place(placed)));
        List<Plan.Step> steps = pending.stream()
                .map(p -> new Plan.Step(
                        p.op(), p.operands().stream().map(this::slot).toList()))
                .toList();
        Map<Tensor, Plan.Slot> inputs = new HashMap<>();
        graph.inputs().forEach((tensor, node) -> inputs.put(tensor, slot(View.dense(node))));
        return new Lowered(
                new Plan(steps, bytes), inputs, outputs.stream().map(this::slot).toList());
    }

    private Node outputCopy(View view) {
        Node copy = new Node(-1, view.base().operation, List.of(), view.shape(), view.base().dtype);
        emitCopy(view, copy);
        return copy;
    }

    private Plan.Slot slot(View view) {
        long offset = (long) view.offset() * view.base().dtype.bytes();
        if (view.base().number >= 0 && view.base().operation instanceof Operation.Variable variable) {
            return new Plan.Slot.InVariable(variable.data(), offset);
        }
        return new Plan.Slot.InArena(view.base().dtype.stored(), Graph.known(buffers, view.base()).offset + offset);
    }
}
