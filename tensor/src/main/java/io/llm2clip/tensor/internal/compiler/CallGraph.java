package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.tensor.internal.graph.Graph;
import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.View;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The kernels of a program by number, and which of them must run before which: those that compute a value before those that read it,
 * and those that read a variable before the one that overwrites it. Copies are no kernels here: whoever reads one reads what it is a
 * copy of.
 */
final class CallGraph {
    private final Map<Node, KernelCall> copies;
    private final List<KernelCall> calls = new ArrayList<>();
    private final List<Set<Integer>> successors = new ArrayList<>();
    private final Map<Node, Integer> producers = new HashMap<>();
    private final Map<Node, Set<Integer>> readers = new HashMap<>();

    /** @param copies by what they write; each runs right before the first kernel that reads it */
    CallGraph(Map<Node, KernelCall> copies) {
        this.copies = new HashMap<>(copies);
    }

    /** Adds a kernel behind those that compute what it reads; returns its number. */
    int add(KernelCall call) {
        int number = addUpdate(call);
        call.results().forEach(result -> producers.put(result, number));
        return number;
    }

    /** Adds a kernel that writes into variables: who reads those does not wait for it. */
    int addUpdate(KernelCall call) {
        int number = calls.size();
        calls.add(call);
        successors.add(new LinkedHashSet<>());
        sources(call).forEach(source -> read(source, number));
        for (Node value : call.after()) {
            Integer producer = producers.get(value);
            if (producer != null) {
                order(producer, number);
            }
        }
        return number;
    }

    /** Makes a copy a kernel like any other, which runs before all that read it; returns its number. */
    int addCopy(Node value) {
        int number = add(Graph.known(copies, value));
        copies.remove(value);
        for (int reader = 0; reader < number; reader++) {
            if (calls.get(reader).operands().stream().anyMatch(operand -> operand.base() == value)) {
                read(value, reader);
            }
        }
        return number;
    }

    private void read(Node source, int reader) {
        readers.computeIfAbsent(source, _ -> new LinkedHashSet<>()).add(reader);
        Integer producer = producers.get(source);
        if (producer != null) {
            order(producer, reader);
        }
    }

    /** Puts a kernel that reads the same, or less, in place of another. */
    void replace(int number, KernelCall call) {
        Set<Node> before = sources(calls.get(number));
        calls.set(number, call);
        Set<Node> now = sources(call);
        before.stream()
                .filter(source -> !now.contains(source))
                .forEach(source -> readers(source).remove(number));
        now.forEach(source -> read(source, number));
    }

    /** Has a kernel run before another. */
    void order(int before, int after) {
        successors.get(before).add(after);
    }

    KernelCall call(int number) {
        return calls.get(number);
    }

    int size() {
        return calls.size();
    }

    Set<Integer> successors(int number) {
        return successors.get(number);
    }

    /** The kernel that computes a value; null for one that is fed or stored. */
    @Nullable
    Integer producer(Node value) {
        return producers.get(value);
    }

    /** The kernels that read a value. */
    Set<Integer> readers(Node value) {
        return readers.computeIfAbsent(value, _ -> new LinkedHashSet<>());
    }

    /** The copy that is read under this name; null for what is no copy. */
    @Nullable
    KernelCall copy(Node value) {
        return copies.get(value);
    }

    /** What a kernel reads, copies seen through. */
    Set<Node> sources(KernelCall call) {
        Set<Node> found = new LinkedHashSet<>();
        call.operands().forEach(operand -> found.addAll(sources(operand)));
        return found;
    }

    /** What an operand is read from, copies seen through; nothing for a copy of a constant. */
    Set<Node> sources(View operand) {
        KernelCall copy = copies.get(operand.base());
        return copy == null ? Set.of(operand.base()) : sources(copy);
    }

    /** Whether a kernel must run before any of others, which are not itself. */
    boolean precedes(int first, Set<Integer> others) {
        Set<Integer> seen = new HashSet<>(Set.of(first));
        Deque<Integer> open = new ArrayDeque<>(seen);
        while (!open.isEmpty()) {
            for (int next : successors.get(open.pop())) {
                if (others.contains(next)) {
                    return true;
                }
                if (seen.add(next)) {
                    open.push(next);
                }
            }
        }
        return false;
    }
}
