package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.internal.graph.Graph;
import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Writes down what the passes have decided: values get names, and views places in memory. */
final class PlanBuilder {
    private final MemoryPlan memory;
    private final Map<Node, Node> homes;
    private final Map<Node, Plan.Value> values = new HashMap<>();

    private PlanBuilder(MemoryPlan memory, Map<Node, Node> homes) {
        this.memory = memory;
        this.homes = homes;
        int number = 0;
        for (Map.Entry<Node, MemoryPlanner.Buffer> entry : memory.buffers().entrySet()) {
            Node node = entry.getKey();
            MemoryPlanner.Buffer buffer = entry.getValue();
            String name = isInput(node) ? ((Operation.Input) node.operation).name() : "%" + number++;
            values.put(
                    node,
                    new Plan.Value(name, node.shape, node.dtype, buffer.bytes, buffer.first, buffer.last, node.site));
        }
    }

    static Plan build(Schedule schedule, Map<Tensor, Node> inputs, List<View> outputs, MemoryPlan memory) {
        PlanBuilder builder = new PlanBuilder(memory, schedule.homes());
        List<KernelCall> calls = schedule.calls();
        List<Plan.Step> steps =
                calls.stream().map(call -> builder.step(call, calls.size())).toList();
        Map<Tensor, Plan.Slot.Pinned> fed = new HashMap<>();
        inputs.forEach((tensor, node) -> fed.put(tensor, builder.pinned(View.dense(node))));
        return new Plan(
                steps,
                fed,
                outputs.stream().map(builder::pinned).toList(),
                memory.workspaceBytes(),
                memory.pinnedBytes());
    }

    private Plan.Step step(KernelCall call, int steps) {
        List<View> operands = new ArrayList<>(call.operands());
        call.results().forEach(result -> operands.add(View.dense(result)));
        return new Plan.Step(
                call.op(),
                call.precision(),
                operands.stream().map(this::slot).toList(),
                operands.stream()
                        .map(operand -> value(home(operand.base()), steps))
                        .toList());
    }

    /** The variable in whose memory a value lies; the value itself if in none. */
    private Node home(Node node) {
        return homes.getOrDefault(node, node);
    }

    private Plan.Value value(Node node, int steps) {
        return values.computeIfAbsent(node, variable -> {
            Operation.Variable stored = (Operation.Variable) variable.operation;
            Shape shape = stored.data().shape();
            DType dtype = stored.data().dtype();
            return new Plan.Value(
                    stored.name(), shape, dtype, dtype.bytes((long) shape.size()), -1, steps, variable.site);
        });
    }

    private Plan.Slot slot(View view) {
        Node base = home(view.base());
        if (memory.pinned().contains(base)) {
            return pinned(view);
        }
        MemoryPlanner.Buffer buffer = memory.buffers().get(base);
        return buffer == null
                ? new Plan.Slot.InVariable(((Operation.Variable) base.operation).data(), offset(view))
                : new Plan.Slot.InWorkspace(base.dtype.stored(), buffer.offset + offset(view));
    }

    private Plan.Slot.Pinned pinned(View view) {
        Node base = view.base();
        return new Plan.Slot.Pinned(base.dtype.stored(), Graph.known(memory.buffers(), base).offset + offset(view));
    }

    private static long offset(View view) {
        return view.base().dtype.bytes((long) view.offset());
    }

    private boolean isInput(Node node) {
        return Graph.known(memory.buffers(), node).first < 0;
    }
}
