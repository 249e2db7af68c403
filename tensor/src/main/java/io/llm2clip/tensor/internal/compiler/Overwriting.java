package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.PackedRows;
import io.llm2clip.tensor.internal.graph.Graph;
import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.View;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which results are written where an operand of the epilogue was that nothing reads any more, such as a sum of residuals: they take one
 * place in memory, and in the caches of a CPU.
 */
final class Overwriting {
    private Overwriting() {}

    /**
     * By value, what takes its memory: itself with others that follow it there, alive from the first one's birth to the last one's end.
     *
     * @param buffers of every value that takes memory, with their lives
     * @param kept those that have memory of their own
     */
    static Map<Node, MemoryPlanner.Buffer> rooms(
            List<KernelCall> calls, Map<Node, MemoryPlanner.Buffer> buffers, Set<Node> kept, Target.Packings packings) {
        Map<Node, MemoryPlanner.Buffer> rooms = new LinkedHashMap<>();
        buffers.forEach((node, buffer) -> {
            MemoryPlanner.Buffer room = new MemoryPlanner.Buffer(buffer.bytes, buffer.first);
            room.last = buffer.last;
            rooms.put(node, room);
        });
        for (int step = 0; step < calls.size(); step++) {
            KernelCall call = calls.get(step);
            if (!(call.op().unpacked() instanceof Matmul op)) {
                continue;
            }
            Node result = call.results().getFirst();
            for (int extra = 0; extra < op.epilogue().extras().size(); extra++) {
                View operand = call.operands().get(2 + extra);
                if (sameLayout(call.op(), op, extra)
                        && ends(operand, call, step, buffers, kept)
                        && buffers.containsKey(result)
                        && !kept.contains(result)
                        && packings.overwrites(call.op(), call.precision())) {
                    MemoryPlanner.Buffer room = Graph.known(rooms, operand.base());
                    room.last = Graph.known(buffers, result).last;
                    rooms.put(result, room);
                    break;
                }
            }
        }
        return rooms;
    }

    private static boolean sameLayout(KernelOp written, Matmul op, int extra) {
        boolean packed = written instanceof PackedRows;
        return op.epilogue().extras().get(extra) == Broadcast.FULL
                && op.epilogue().packs(extra) == packed;
    }

    /** Whether a whole value is read for the last time, and once. */
    private static boolean ends(
            View operand, KernelCall call, int step, Map<Node, MemoryPlanner.Buffer> buffers, Set<Node> kept) {
        Node value = operand.base();
        MemoryPlanner.Buffer buffer = buffers.get(value);
        return buffer != null
                && buffer.last == step
                && !kept.contains(value)
                && operand.offset() == 0
                && operand.dense()
                && operand.shape().size() == value.shape.size()
                && call.operands().stream().filter(view -> view.base() == value).count() == 1;
    }
}
