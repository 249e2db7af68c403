package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.View;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * The order of kernels: that in which the graph was made, which keeps few activations alive at a time because a backward pass makes
 * the gradients of a layer together; but updates as soon as everything has read what they overwrite, and copies right before their first
 * reader.
 *
 * @param calls in their order
 * @param homes as of {@link UpdatePass.Placed}
 */
record Schedule(List<KernelCall> calls, Map<Node, Node> homes) {

    static Schedule of(UpdatePass.Placed placed, List<View> outputs) {
        return new Schedule(new Ordering(placed).order(outputs), placed.homes());
    }

    private static final class Ordering {
        private final CallGraph graph;
        private final Set<Integer> early;
        private final Set<Node> copied = new HashSet<>();
        private final List<KernelCall> order = new ArrayList<>();

        Ordering(UpdatePass.Placed placed) {
            graph = placed.graph();
            early = placed.early();
        }

        List<KernelCall> order(List<View> outputs) {
            int[] waiting = new int[graph.size()];
            for (int call = 0; call < waiting.length; call++) {
                graph.successors(call).forEach(next -> waiting[next]++);
            }
            PriorityQueue<Integer> ready = new PriorityQueue<>((a, b) ->
                    early.contains(a) == early.contains(b) ? Integer.compare(a, b) : early.contains(a) ? -1 : 1);
            for (int call = 0; call < waiting.length; call++) {
                if (waiting[call] == 0) {
                    ready.add(call);
                }
            }
            int done = 0;
            while (!ready.isEmpty()) {
                int call = ready.remove();
                done++;
                graph.call(call).operands().forEach(this::copyBefore);
                order.add(graph.call(call));
                for (int next : graph.successors(call)) {
                    waiting[next]--;
                    if (waiting[next] == 0) {
                        ready.add(next);
                    }
                }
            }
            if (done < graph.size()) {
                throw new IllegalStateException(
                        (graph.size() - done) + " kernels of a program wait for each other; the graph has a ring.");
            }
            outputs.forEach(this::copyBefore);
            return order;
        }

        private void copyBefore(View operand) {
            KernelCall copy = graph.copy(operand.base());
            if (copy != null && copied.add(operand.base())) {
                copy.operands().forEach(this::copyBefore);
                order.add(copy);
            }
        }
    }
}
