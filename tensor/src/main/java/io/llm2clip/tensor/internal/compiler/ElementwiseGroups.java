package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.operations.Expression;
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
 * <p>A node that several groups read is stored once, unless it is a function of a single stored value, as the inner part of an
 * activation that forward and backward pass share: computing that again costs less than writing and reading it.
 */
final class ElementwiseGroups {
    /** Above this many groups a shared node is stored after all. */
    private static final int MAX_COPIES = 3;

    private final Map<Node, Set<Node>> groups = new HashMap<>();
    private final Map<Node, Set<Node>> values = new HashMap<>();
    private final Map<Node, Set<Node>> sources = new HashMap<>();

    private ElementwiseGroups() {}

    /** For each elementwise node the nodes in whose kernels it is computed; a stored one is computed in its own. */
    static Map<Node, Set<Node>> of(List<Node> order) {
        ElementwiseGroups found = new ElementwiseGroups();
        order.forEach(found::findSources);
        for (Node node : order.reversed()) {
            if (node.operation instanceof Operation.Pointwise) {
                found.place(node);
            }
        }
        return found.groups;
    }

    /** What a node is a function of; a node of several values counts as a value itself. */
    private void findSources(Node node) {
        Set<Node> found = new HashSet<>();
        if (node.operation instanceof Operation.Pointwise) {
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
            if (node.output || !groups.containsKey(user)) {
                return Set.of();
            }
            readers.addAll(groups.get(user));
        }
        return readers;
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
            int[] in = new int[3];
            for (int i = 0; i < member.inputs.size(); i++) {
                in[i] = Graph.known(numbers, member.inputs.get(i));
            }
            numbers.put(member, operands.size() + instructions.size());
            Operation.Pointwise pointwise = (Operation.Pointwise) member.operation;
            instructions.add(new Expression.Instruction(pointwise.opcode(), in[0], in[1], in[2], 0));
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
