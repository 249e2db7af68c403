package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Epilogue;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.internal.graph.Graph;
import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.View;
import io.llm2clip.tensor.internal.graph.Views;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Decides how every operand lies in memory: expressions read views by their strides, other kernels contiguous elements, so that what
 * is a view in no order, or a constant, is copied for them, once for all. Weights that never change are read in the layout that the
 * device prefers, from a packed copy that the weight keeps.
 */
final class Layouts {
    private final Views views;
    private final Target.Packings packings;
    private final Map<Node, Node> copyOf = new HashMap<>();
    private final Map<Node, KernelCall> copies = new HashMap<>();
    /** Weights that an f32 product reads as they are stored. */
    private final Set<Node> storedFactors = new HashSet<>();

    /**
     * Calls with their layouts.
     *
     * @param calls in the order of the computations
     * @param copies by what they write; each belongs before the first call that reads it
     * @param outputs the program's, none of them a variable or an input
     * @param updates writes of variables
     */
    record Laid(List<KernelCall> calls, Map<Node, KernelCall> copies, List<View> outputs, List<Written> updates) {}

    /** A write of variables. */
    sealed interface Written {
        /** By a kernel whose results are the variables. */
        record ByKernel(KernelCall call) implements Written {}

        /** A value that is to be where the variable is. */
        record Assigned(View value, Node variable) implements Written {}
    }

    private Layouts(Views views, Target.Packings packings) {
        this.views = views;
        this.packings = packings;
    }

    static Laid assign(
            List<Computation> computations, Simplifier.Simplified graph, Views views, Target.Packings packings) {
        Layouts layouts = new Layouts(views, packings);
        computations.forEach(layouts::findStoredFactors);
        List<KernelCall> calls = computations.stream().map(layouts::call).toList();
        List<View> outputs = layouts.owned(graph.outputs());
        List<Written> updates = graph.updates().stream().map(layouts::written).toList();
        return new Laid(calls, layouts.copies, outputs, updates);
    }

    private Written written(Simplifier.Updated update) {
        KernelOp op = update.op();
        if (op != null) {
            List<View> operands = stored(update.values()).stream()
                    .map(view -> update.variables().contains(view.base()) ? copied(view) : view)
                    .toList();
            return new Written.ByKernel(
                    new KernelCall(op, Precision.F32, operands, update.variables(), views.readAfter(update.values())));
        }
        Node value = update.values().getFirst();
        Node variable = update.variables().getFirst();
        Float constant = Simplifier.constant(value);
        return constant == null
                ? new Written.Assigned(views.of(value), variable)
                : new Written.ByKernel(filled(constant, variable));
    }

    private KernelCall call(Computation computation) {
        return switch (computation) {
            case Computation.Coarse coarse -> {
                List<View> operands = stored(coarse.operands());
                KernelOp op = coarse.op() instanceof Matmul matmul
                        ? packed(matmul, coarse.precision(), operands.get(1))
                        : coarse.op();
                yield new KernelCall(
                        op, coarse.precision(), operands, coarse.results(), views.readAfter(coarse.operands()));
            }
            case Computation.Pointwise pointwise ->
                elementwise(
                                pointwise.expression(),
                                pointwise.operands().stream().map(views::of).toList(),
                                pointwise.result())
                        .after(views.readAfter(pointwise.operands()));
            case Computation.Product product -> product(product);
            case Computation.Copy(Node source, Node result) ->
                copy(views.of(source), result).after(views.readAfter(List.of(source)));
        };
    }

    private KernelCall product(Computation.Product product) {
        Matmul op = product.op();
        List<View> extras = product.extras().stream().map(views::of).toList();
        List<Broadcast> layouts = extras.stream()
                .map(extra -> Objects.requireNonNull(Fusion.broadcast(extra, product.result().shape)))
                .toList();
        List<View> operands = new ArrayList<>(stored(product.factors()));
        KernelOp fused = packed(
                op.withEpilogue(new Epilogue(product.epilogue(), layouts)), product.precision(), operands.get(1));
        operands.addAll(extras);
        List<Node> read = new ArrayList<>(product.factors());
        read.addAll(product.extras());
        return new KernelCall(fused, product.precision(), operands, List.of(product.result()), views.readAfter(read));
    }

    private void findStoredFactors(Computation computation) {
        switch (computation) {
            case Computation.Coarse coarse
            when coarse.op() instanceof Matmul op ->
                findStoredFactor(
                        op, coarse.precision(), views.of(coarse.operands().get(1)));
            case Computation.Product product ->
                findStoredFactor(
                        product.op(),
                        product.precision(),
                        views.of(product.factors().get(1)));
            case Computation.Coarse _, Computation.Pointwise _, Computation.Copy _ -> {}
        }
    }

    private void findStoredFactor(Matmul op, Precision precision, View b) {
        if (precision == Precision.F32
                && isWeight(b)
                && packings.of(op, precision) == null
                && b.base().operation instanceof Operation.Variable(var _, TensorData data)
                && !data.isPacked()) {
            storedFactors.add(b.base());
        }
    }

    /**
     * The matmul with a packed B where that is all of a weight that never changes. Of a weight that is stored as rows no packed copy is
     * made for an f32 program that reads the rows too, such as a step of training in its backward pass: to pack them in each run takes
     * a few percent of the product's time, to keep both the memory of a second model.
     */
    private Matmul packed(Matmul op, Precision precision, View b) {
        boolean once = precision != Precision.F32 || !storedFactors.contains(b.base());
        Packing packing = once && isWeight(b) ? packings.of(op, precision) : null;
        return packing == null ? op : op.withB(op.b().packed(packing));
    }

    /** Whether it is all of a weight that never changes. */
    private static boolean isWeight(View b) {
        return b.base().operation instanceof Operation.Variable(var _, TensorData data)
                && data.isFrozen()
                && b.offset() == 0
                && b.shape().size() == data.shape().size();
    }

    private static KernelCall elementwise(Expression expression, List<View> operands, Node result) {
        List<Elementwise.Source> sources = operands.stream()
                .map(view -> new Elementwise.Source(view.base().dtype.stored(), view.strides()))
                .toList();
        KernelOp op = new Elementwise(expression, result.shape.toList(), sources, result.dtype.stored());
        return new KernelCall(op, Precision.F32, operands, List.of(result));
    }

    /** Elements of quantized blocks are not copied one by one. */
    private static boolean copyable(Node node) {
        return node.dtype.blockSize() == 1;
    }

    static KernelCall copy(View source, Node result) {
        KernelOp op = Elementwise.copy(result.dtype, source.shape().toList(), source.strides());
        return new KernelCall(op, Precision.F32, List.of(source), List.of(result));
    }

    private List<View> stored(List<Node> nodes) {
        return nodes.stream().map(this::stored).toList();
    }

    /** A value as contiguous elements in memory. */
    private View stored(Node node) {
        if (Simplifier.constant(node) == null && views.of(node).dense()) {
            return views.of(node);
        }
        return View.dense(copyOf.computeIfAbsent(node, this::copied));
    }

    private Node copied(Node node) {
        Node copy = Node.temporary(node.operation, node.shape, node.dtype);
        Float constant = Simplifier.constant(node);
        copies.put(copy, constant == null ? copy(views.of(node), copy) : filled(constant, copy));
        return copy;
    }

    private static KernelCall filled(float constant, Node result) {
        Expression fill = new Expression(0, List.of(Expression.Instruction.constant(constant)));
        return elementwise(fill, List.of(), result);
    }

    /**
     * Outputs as contiguous memory of the program's own: a variable or an input that is handed through is copied, and so is a small
     * part of something large, which need not be kept as a whole then.
     */
    private List<View> owned(List<Node> outputs) {
        List<View> views = stored(outputs);
        Set<View> distinct = new LinkedHashSet<>(views);
        Map<Node, Long> handedOut = new HashMap<>();
        distinct.forEach(
                view -> handedOut.merge(view.base(), (long) view.shape().size(), Long::sum));
        Map<View, View> owned = new HashMap<>();
        for (View view : distinct) {
            Node base = view.base();
            boolean foreign = !copies.containsKey(base)
                    && (base.operation instanceof Operation.Variable || base.operation instanceof Operation.Input);
            boolean small = copyable(base) && 2 * Graph.known(handedOut, base) < base.shape.size();
            owned.put(view, foreign || small ? copied(view) : view);
        }
        return views.stream().map(view -> Graph.known(owned, view)).toList();
    }

    private View copied(View view) {
        Node copy = Node.temporary(view.base().operation, view.shape(), view.base().dtype);
        copies.put(copy, copy(view, copy));
        return View.dense(copy);
    }
}
