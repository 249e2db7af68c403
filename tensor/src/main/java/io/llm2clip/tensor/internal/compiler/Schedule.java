package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.View;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The order of kernels: that in which the graph was made, which keeps few activations alive at a time because a backward pass makes
 * the gradients of a layer together; and copies right before their first reader.
 */
final class Schedule {
    private final Layouts.Laid laid;
    private final Set<Node> copied = new HashSet<>();
    private final List<KernelCall> order = new ArrayList<>();

    private Schedule(Layouts.Laid laid) {
        this.laid = laid;
    }

    static List<KernelCall> order(Layouts.Laid laid) {
        Schedule schedule = new Schedule(laid);
        for (KernelCall call : laid.calls()) {
            call.operands().forEach(schedule::copyBefore);
            schedule.order.add(call);
        }
        laid.outputs().forEach(schedule::copyBefore);
        return schedule.order;
    }

    private void copyBefore(View operand) {
        KernelCall copy = laid.copies().get(operand.base());
        if (copy != null && copied.add(operand.base())) {
            copy.operands().forEach(this::copyBefore);
            order.add(copy);
        }
    }
}
