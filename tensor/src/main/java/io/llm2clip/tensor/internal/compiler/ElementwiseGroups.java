package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.internal.graph.Graph;
import io.llm2clip.tensor.internal.graph.Node;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which elementwise nodes are computed inside the elementwise nodes that read them, so that a chain makes one pass over memory.
 *
 * <p>Casts are elementwise, too, where a target reads and writes other types than f32: one that widens is how an operand is read, and
 * one that rounds how a result is stored, so it is the last of its group.
 *
 * <p>A node that several groups read is stored once, unless it is a function of a single stored value, as the inner part of an
 * activation that forward and backward pass share: computing that again costs less than writing and reading it.
 */
final class ElementwiseGroups {
    /** Above this many groups a shared node is stored after all. */
    private static final int MAX_COPIES = 3;

    private final Target target;
    private final Map<Node, Set<Node>> groups = new HashMap<>();
    private final Map<Node, Set<Node>> values = new HashMap<>();
    private final Map<Node, Set<Node>> sources = new HashMap<>();

    private ElementwiseGroups(Target target) {
        this.target = target;
    }

    /** For each elementwise node the nodes in whose kernels it is computed; a stored one is computed in its own. */
    static Map<Node, Set<Node>> of(List<Node> order, Target target) {
        ElementwiseGroups found = new ElementwiseGroups(target);
        order.forEach(found::findSources);
        for (Node node : order.reversed()) {
            if (found.isElementwise(node)) {
                found.place(node);
            }
        }
        return found.groups;
    }

    private boolean isElementwise(Node node) {
        return node.operation instanceof Operation.Pointwise
                || (node.operation instanceof Operation.Cast && target.fusesCasts());
    }

    /** What a node is a function of; a node of several values counts as a value itself. */
    private void findSources(Node node) {
        Set<Node> found = new HashSet<>();
        if (isElementwise(node)) {
            for (Node input : node.inputs) {
                Set<Node> inner = Graph.known(sources, input);
                found.addAll(inner.size() > 1 ? Set.of(input) : inner);
            }
        } else if (Simplifier.constant(node) == null) {
            found.add(node);
        }
        sources.put(node, found);
    }

    private void place(Node node) {
        Set<Node> readers = readers(node);
        boolean shared = readers.size() > 1 && (Graph.known(sources, node).size() > 1 || readers.size() > MAX_COPIES);
        if (readers.isEmpty() || shared || !fits(node, readers)) {
            readers = Set.of(node);
            values.put(node, new HashSet<>(Set.of(node)));
        }
        groups.put(node, readers);
        readers.forEach(root -> Graph.known(values, root).addAll(node.inputs));
    }

    /** The groups that read a node; empty where something else reads it too, so that it must be stored. */
    private Set<Node> readers(Node node) {
        Set<Node> readers = new HashSet<>();
        for (Node user : node.users) {
            if (node.output || rounds(node) || !groups.containsKey(user) || keepsInts(node, user)) {
                return Set.of();
            }
            readers.addAll(groups.get(user));
        }
        return readers;
    }

    private static boolean rounds(Node node) {
        return node.operation instanceof Operation.Cast(DType to) && to != DType.F32;
    }

    /** Whether both would be a copy of ints together, which keeps those that f32 rounds. */
    private static boolean keepsInts(Node node, Node user) {
        return node.operation instanceof Operation.Cast
                && node.inputs.getFirst().dtype == DType.I32
                && user.operation instanceof Operation.Cast(DType to)
                && to == DType.I32;
    }

    private boolean fits(Node node, Set<Node> readers) {
        return readers.stream().allMatch(root -> {
            Set<Node> grown = new HashSet<>(Graph.known(values, root));
            grown.addAll(node.inputs);
            return grown.size() <= Expression.MAX_VALUES;
        });
    }

    /**
     * The expression of a group.
     *
     * @param operands nodes read from memory, in the order of the expression's inputs; constants are not among them
     */
    record Group(Expression expression, List<Node> operands) {}

    /** Writes the group of a root as an expression whose first input, if the root reads it, is {@code first}. */
    static Group group(Node root, Map<Node, Set<Node>> groups, List<Node> first) {
        LinkedHashSet<Node> operands = new LinkedHashSet<>(first);
        LinkedHashSet<Node> constants = new LinkedHashSet<>();
        List<Node> members = new ArrayList<>();
        collect(root, root, groups, operands, constants, members, new HashSet<>());
        Map<Node, Integer> numbers = new HashMap<>();
        operands.forEach(operand -> numbers.put(operand, numbers.size()));
        List<Expression.Instruction> instructions = new ArrayList<>();
        for (Node constant : constants) {
            Float value = Simplifier.constant(constant);
            numbers.put(constant, operands.size() + instructions.size());
            instructions.add(Expression.Instruction.constant(value == null ? Float.NaN : value));
        }
        for (Node member : members) {
            if (!(member.operation instanceof Operation.Pointwise(Opcode opcode))) {
                // A cast: what is read or stored is of another type, the value is the same.
                numbers.put(member, Graph.known(numbers, member.inputs.getFirst()));
                continue;
            }
            int[] in = new int[3];
            for (int i = 0; i < member.inputs.size(); i++) {
                in[i] = Graph.known(numbers, member.inputs.get(i));
            }
            numbers.put(member, operands.size() + instructions.size());
            instructions.add(new Expression.Instruction(opcode, in[0], in[1], in[2], 0));
        }
        return new Group(new Expression(operands.size(), instructions), List.copyOf(operands));
    }

    /** Members of the group in order of computation, by depth-first search. */
    private static void collect(
            Node node,
            Node root,
            Map<Node, Set<Node>> groups,
            Set<Node> operands,
            Set<Node> constants,
            List<Node> members,
            Set<Node> seen) {
        if (!seen.add(node)) {
            return;
        }
        if (groups.getOrDefault(node, Set.of()).contains(root)) {
            node.inputs.forEach(input -> collect(input, root, groups, operands, constants, members, seen));
            members.add(node);
        } else if (Simplifier.constant(node) != null) {
            constants.add(node);
        } else {
            operands.add(node);
        }
    }
}
