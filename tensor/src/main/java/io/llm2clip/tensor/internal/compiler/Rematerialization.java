package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.tensor.internal.graph.Graph;
import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Computes values of the peak a second time instead of keeping them: normalizations and elementwise expressions, such as activations, that
 * the forward pass uses at once and the backward pass much later, of values that are kept anyway. That is a pass over memory where
 * the rest of a layer are products, and the bits are the same.
 */
final class Rematerialization {
    /** What is smaller is not worth a kernel. */
    private static final long WORTHWHILE = 1 << 20;

    /** Kernels between two uses below which a value is kept: nothing of the kind is between a forward and a backward pass. */
    private static final int FAR = 16;

    private final List<KernelCall> calls;
    private final Map<Node, Node> homes;
    private final Set<Node> kept;
    private final long worthwhile;
    private final Map<Node, Life> lives = new HashMap<>();
    private final Map<Node, Long> sizes = new HashMap<>();

    /** The kernels that have to do with a value, in their order, its producer first; -1 for what is there before. */
    private static final class Life {
        private final List<Integer> steps = new ArrayList<>();

        private int first() {
            return steps.getFirst();
        }

        private int last() {
            return steps.getLast();
        }
    }

    /** A value that is not needed from one use to another. */
    private record Gap(Node value, int producer, int next) {}

    private Rematerialization(Schedule schedule, List<View> outputs, long worthwhile) {
        calls = new ArrayList<>(schedule.calls());
        homes = schedule.homes();
        kept = new HashSet<>(outputs.stream().map(View::base).toList());
        this.worthwhile = worthwhile;
    }

    static Schedule of(Schedule schedule, List<View> outputs) {
        return of(schedule, outputs, WORTHWHILE);
    }

    /** @param worthwhile bytes that a value has at least */
    static Schedule of(Schedule schedule, List<View> outputs, long worthwhile) {
        Rematerialization pass = new Rematerialization(schedule, outputs, worthwhile);
        for (Gap gap = pass.gap(); gap != null; gap = pass.gap()) {
            pass.computeAgain(gap);
        }
        return new Schedule(pass.calls, schedule.homes());
    }

    /** The largest value that the peak could do without; null if there is none. */
    private @Nullable Gap gap() {
        findLives();
        int peak = peak();
        Gap largest = null;
        for (int producer = 0; producer < peak; producer++) {
            KernelCall call = calls.get(producer);
            if (!isCheap(call) || kept.contains(call.results().getFirst())) {
                continue;
            }
            Node value = call.results().getFirst();
            if (homes.containsKey(value)
                    || bytes(value) < worthwhile
                    || (largest != null && bytes(value) <= bytes(largest.value))) {
                continue;
            }
            int before = producer;
            for (int use : Graph.known(lives, value).steps) {
                if (before < peak && peak < use && use - before >= FAR && isThere(call, producer, use)) {
                    largest = new Gap(value, producer, use);
                }
                before = use;
            }
        }
        return largest;
    }

    private static boolean isCheap(KernelCall call) {
        KernelOp op = call.op().unpacked();
        return call.results().size() == 1
                && (op instanceof Elementwise || op instanceof NormOp.LayerNorm || op instanceof NormOp.RmsNorm);
    }

    /** Whether all that a kernel reads is in memory, unchanged, when another one is about to run. */
    private boolean isThere(KernelCall call, int producer, int later) {
        for (View operand : call.operands()) {
            Node base = operand.base();
            Life life = Graph.known(lives, base);
            boolean stays = homes.containsKey(base) || kept.contains(base) || life.first() < 0;
            if (!stays && life.last() < later) {
                return false;
            }
            if (stays && isWritten(home(base), producer, later)) {
                return false;
            }
        }
        return true;
    }

    private Node home(Node node) {
        return homes.getOrDefault(node, node);
    }

    private boolean isWritten(Node place, int from, int to) {
        for (int step = from; step < to; step++) {
            for (Node result : calls.get(step).results()) {
                if (home(result) == place) {
                    return true;
                }
            }
        }
        return false;
    }

    private void computeAgain(Gap gap) {
        KernelCall call = calls.get(gap.producer);
        Node again = Node.temporary(gap.value.operation, gap.value.shape, gap.value.dtype);
        again.site = gap.value.site;
        for (int step = gap.next; step < calls.size(); step++) {
            KernelCall reader = calls.get(step);
            if (reader.operands().stream().anyMatch(operand -> operand.base() == gap.value)) {
                List<View> operands = reader.operands().stream()
                        .map(operand -> operand.base() == gap.value
                                ? new View(again, operand.offset(), operand.shape(), operand.strides())
                                : operand)
                        .toList();
                calls.set(
                        step,
                        new KernelCall(reader.op(), reader.precision(), operands, reader.results(), reader.after()));
            }
        }
        calls.add(gap.next, new KernelCall(call.op(), call.precision(), call.operands(), List.of(again)));
    }

    private void findLives() {
        lives.clear();
        for (int step = 0; step < calls.size(); step++) {
            for (View operand : calls.get(step).operands()) {
                lives.computeIfAbsent(operand.base(), _ -> {
                            Life life = new Life();
                            life.steps.add(-1);
                            return life;
                        })
                        .steps
                        .add(step);
            }
            KernelCall call = calls.get(step);
            for (int i = 0; i < call.results().size(); i++) {
                Node result = call.results().get(i);
                lives.computeIfAbsent(result, _ -> new Life()).steps.add(step);
                if (!homes.containsKey(result)) {
                    sizes.put(result, call.bytes(i));
                }
            }
        }
    }

    /** The kernel at which most bytes are in use that are not there anyway. */
    private int peak() {
        long[] changes = new long[calls.size() + 1];
        lives.forEach((node, life) -> {
            if (life.first() >= 0 && !homes.containsKey(node) && !kept.contains(node)) {
                changes[life.first()] += bytes(node);
                changes[life.last() + 1] -= bytes(node);
            }
        });
        int peak = 0;
        long most = 0;
        long alive = 0;
        for (int step = 0; step < calls.size(); step++) {
            alive += changes[step];
            if (alive > most) {
                most = alive;
                peak = step;
            }
        }
        return peak;
    }

    private long bytes(Node computed) {
        return Graph.known(sizes, computed);
    }
}
