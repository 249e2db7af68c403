package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Decides how variables are written, so that everything reads them as they were: a value is computed where the variable lies if all
 * others that read the variable can run before, and the kernel itself reads it only at the element that it writes; else the value goes
 * through the workspace and is copied. Where updates read each other's variables in a ring, as two that are exchanged, one is kept in
 * the workspace meanwhile.
 */
final class UpdatePass {
    private final CallGraph graph;
    private final Set<Node> handedOut;
    private final Map<Node, Node> homes = new HashMap<>();
    private final Set<Integer> early = new HashSet<>();
    private final List<InPlace> inPlace = new ArrayList<>();

    /** A value that may be computed where its variable lies. */
    private record InPlace(int call, Layouts.Written.Assigned assigned) {}

    /**
     * Kernels and their order.
     *
     * @param graph all of them
     * @param homes for what is computed where a variable lies, the variable, and for a variable that is written, itself
     * @param early kernels that had better run as soon as they can, because they free memory and nothing but updates needs them
     */
    record Placed(CallGraph graph, Map<Node, Node> homes, Set<Integer> early) {}

    private UpdatePass(Layouts.Laid laid) {
        graph = new CallGraph(laid.copies());
        // In their order, so that a graph has one plan.
        handedOut = new LinkedHashSet<>(laid.outputs().stream().map(View::base).toList());
    }

    static Placed place(Layouts.Laid laid) {
        UpdatePass pass = new UpdatePass(laid);
        if (!laid.updates().isEmpty()) {
            pass.keepOutputs(variables(laid.updates()));
        }
        laid.calls().forEach(pass.graph::add);
        List<Integer> writers = new ArrayList<>();
        for (Layouts.Written update : laid.updates()) {
            switch (update) {
                case Layouts.Written.ByKernel(KernelCall call) -> writers.add(pass.add(call));
                case Layouts.Written.Assigned assigned -> pass.assign(assigned, writers);
            }
        }
        writers.forEach(pass::writeLast);
        pass.inPlace.forEach(pass::writeLast);
        return new Placed(pass.graph, pass.homes, pass.early);
    }

    private static Set<Node> variables(List<Layouts.Written> updates) {
        return updates.stream()
                .flatMap(update -> switch (update) {
                    case Layouts.Written.ByKernel(KernelCall call) -> call.results().stream();
                    case Layouts.Written.Assigned assigned -> Stream.of(assigned.variable());
                })
                .collect(Collectors.toSet());
    }

    /** Copies of updated variables that are handed out are made first of all. */
    private void keepOutputs(Set<Node> variables) {
        for (Node output : handedOut) {
            KernelCall copy = graph.copy(output);
            if (copy != null && graph.sources(copy).stream().anyMatch(variables::contains)) {
                early.add(graph.addCopy(output));
            }
        }
    }

    /** A kernel that writes variables as they are. */
    private int add(KernelCall call) {
        call.results().forEach(variable -> homes.put(variable, variable));
        int number = graph.addUpdate(call);
        early.add(number);
        return number;
    }

    private void assign(Layouts.Written.Assigned assigned, List<Integer> writers) {
        View value = assigned.value();
        Node base = value.base();
        boolean whole = value.dense() && value.offset() == 0 && value.shape().size() == base.shape.size();
        if (whole && base == assigned.variable()) {
            return;
        }
        Integer producer = graph.producer(base);
        if (producer != null
                && whole
                && !handedOut.contains(base)
                && !homes.containsKey(base)
                && overwrites(graph.call(producer), assigned.variable())) {
            homes.put(base, assigned.variable());
            inPlace.add(new InPlace(producer, assigned));
        } else {
            View source = base == assigned.variable() ? kept(value) : value;
            writers.add(add(Layouts.copy(source, assigned.variable())));
            if (producer != null && graph.readers(base).size() == 1 && !handedOut.contains(base)) {
                early.add(producer);
            }
        }
    }

    /** Whether a kernel may write its result where a variable lies that it perhaps reads. */
    private boolean overwrites(KernelCall call, Node variable) {
        if (!graph.sources(call).contains(variable)) {
            return true;
        }
        if (!(call.op() instanceof Elementwise op)) {
            return false;
        }
        for (int i = 0; i < call.operands().size(); i++) {
            View operand = call.operands().get(i);
            boolean same = operand.base() == variable && operand.offset() == 0 && op.isDense(i);
            if (!same && graph.sources(operand).contains(variable)) {
                return false;
            }
        }
        return true;
    }

    /** Has a kernel that writes variables run after all that read them. */
    private void writeLast(int writer) {
        for (Node variable : graph.call(writer).results()) {
            for (int reader : List.copyOf(graph.readers(variable))) {
                if (reader == writer) {
                    continue;
                }
                if (graph.precedes(writer, Set.of(reader))) {
                    keep(reader, variable, writer);
                } else {
                    graph.order(reader, writer);
                }
            }
        }
    }

    /** Has a kernel read a variable from a copy of it, which is made before it is written. */
    private void keep(int reader, Node variable, int writer) {
        KernelCall call = graph.call(reader);
        List<View> operands = new ArrayList<>();
        for (View operand : call.operands()) {
            KernelCall copy = graph.copy(operand.base());
            if (operand.base() == variable) {
                operands.add(kept(operand));
                graph.order(graph.size() - 1, writer);
            } else {
                if (copy != null && graph.sources(copy).contains(variable)) {
                    graph.order(graph.addCopy(operand.base()), writer);
                }
                operands.add(operand);
            }
        }
        graph.replace(
                reader,
                call.op() instanceof Elementwise
                        ? Layouts.copy(operands.getFirst(), call.results().getFirst())
                        : new KernelCall(call.op(), call.precision(), operands, call.results(), call.after()));
    }

    /** Elements of a variable in the workspace, as they are before it is written. */
    private View kept(View elements) {
        Node value = Node.temporary(elements.base().operation, elements.shape(), elements.base().dtype);
        graph.add(Layouts.copy(elements, value));
        return View.dense(value);
    }

    private void writeLast(InPlace value) {
        Layouts.Written.Assigned assigned = value.assigned();
        Set<Integer> others = new HashSet<>(graph.readers(assigned.variable()));
        others.remove(value.call());
        if (graph.precedes(value.call(), others)) {
            homes.remove(assigned.value().base());
            writeLast(add(Layouts.copy(assigned.value(), assigned.variable())));
        } else {
            homes.put(assigned.variable(), assigned.variable());
            others.forEach(reader -> graph.order(reader, value.call()));
            early.add(value.call());
        }
    }
}
