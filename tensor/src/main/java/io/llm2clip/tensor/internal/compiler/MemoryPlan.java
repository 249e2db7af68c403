package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.internal.graph.Graph;
import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.View;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where values lie. Inputs and outputs are pinned: they outlive a run, so they are memory of the program's own. What is computed where a
 * variable lies takes no memory. All others are in the workspace, where those that are never alive together share memory,
 * and so do a result and the operand that it overwrites.
 *
 * @param buffers of every value that takes memory, inputs first, then in order of birth
 * @param pinned those that outlive a run
 * @param workspaceBytes size of the workspace, by element type as stored
 * @param pinnedBytes size of what is pinned, by element type as stored
 */
record MemoryPlan(
        Map<Node, MemoryPlanner.Buffer> buffers,
        Set<Node> pinned,
        Map<DType, Long> workspaceBytes,
        Map<DType, Long> pinnedBytes) {

    static MemoryPlan of(Schedule schedule, Collection<Node> inputs, List<View> outputs, Target target) {
        List<KernelCall> calls = schedule.calls();
        Map<Node, MemoryPlanner.Buffer> buffers = new LinkedHashMap<>();
        inputs.forEach(input ->
                buffers.put(input, new MemoryPlanner.Buffer(input.dtype.bytes((long) input.shape.size()), -1)));
        for (int step = 0; step < calls.size(); step++) {
            KernelCall call = calls.get(step);
            for (View operand : call.operands()) {
                MemoryPlanner.Buffer buffer = buffers.get(operand.base());
                if (buffer != null) {
                    buffer.last = step;
                }
            }
            for (int i = 0; i < call.results().size(); i++) {
                Node result = call.results().get(i);
                if (!schedule.homes().containsKey(result)) {
                    buffers.put(result, new MemoryPlanner.Buffer(call.bytes(i), step));
                }
            }
        }
        Set<Node> pinned = new HashSet<>(inputs);
        outputs.forEach(output -> pinned.add(output.base()));
        buffers.forEach((node, buffer) ->
                target.requireArena("A value " + node.dtype + " " + node.shape, node.dtype.stored(), buffer.bytes));
        pinned.forEach(node -> Graph.known(buffers, node).last = calls.size());
        Map<Node, MemoryPlanner.Buffer> rooms = Overwriting.rooms(calls, buffers, pinned, target.packings());
        Map<DType, Set<MemoryPlanner.Buffer>> workspace = new EnumMap<>(DType.class);
        Map<DType, Set<MemoryPlanner.Buffer>> own = new EnumMap<>(DType.class);
        rooms.forEach((node, room) -> (pinned.contains(node) ? own : workspace)
                .computeIfAbsent(node.dtype.stored(), _ -> new LinkedHashSet<>())
                .add(room));
        MemoryPlan plan = new MemoryPlan(buffers, pinned, place(workspace, target), place(own, target));
        rooms.forEach((node, room) -> Graph.known(buffers, node).offset = room.offset);
        return plan;
    }

    private static Map<DType, Long> place(Map<DType, Set<MemoryPlanner.Buffer>> byType, Target target) {
        Map<DType, Long> bytes = new EnumMap<>(DType.class);
        byType.forEach((dtype, rooms) ->
                bytes.put(dtype, MemoryPlanner.place(rooms, target.alignment(), target.arenaBytes(dtype))));
        return bytes;
    }
}
