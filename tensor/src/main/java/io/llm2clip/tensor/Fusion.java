package io.llm2clip.tensor;

import io.llm2clip.kernels.Expression;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Second pass of the compiler: elementwise nodes that only one group of elementwise nodes reads are computed inside that group,
 * so that a chain makes one pass over memory. A node read from several groups is stored once, not computed twice.
 */
final class Fusion {
    private final Map<Node, Node> roots = new HashMap<>();
    private final Map<Node, Set<Node>> values = new HashMap<>();

    private Fusion() {}

    /** Elementwise nodes of a graph, each with the node in whose kernel it is computed. */
    static Map<Node, Node> roots(List<Node> order) {
        Fusion fusion = new Fusion();
        for (Node node : order.reversed()) {
            if (node.operation instanceof Operation.Pointwise) {
                fusion.place(node);
            }
        }
        return fusion.roots;
    }

    private void place(Node node) {
        Node root = commonRoot(node);
        if (root != null) {
            Set<Node> grown = new HashSet<>(values.getOrDefault(root, Set.of()));
            grown.addAll(node.inputs);
            if (grown.size() <= Expression.MAX_VALUES) {
                roots.put(node, root);
                values.put(root, grown);
                return;
            }
        }
        roots.put(node, node);
        Set<Node> own = new HashSet<>(node.inputs);
        own.add(node);
        values.put(node, own);
    }

    private @org.jspecify.annotations.Nullable Node commonRoot(Node node) {
        if (node.output) {
            return null;
        }
        Node common = null;
        for (Node user : node.users) {
            Node root = roots.get(user);
            if (root == null || (common != null && root != common)) {
                return null;
            }
            common = root;
        }
        return common;
    }

    /**
     * The expression of a group.
     *
     * @param operands nodes read from memory, in the order of the expression's inputs; constants are not among them
     */
    record Group(Expression expression, List<Node> operands) {}

    /** Writes the group of a root as an expression whose first input, if the root reads it, is {@code first}. */
    static Group group(Node root, Map<Node, Node> roots, List<Node> first) {
        LinkedHashSet<Node> operands = new LinkedHashSet<>(first);
        LinkedHashSet<Node> constants = new LinkedHashSet<>();
        List<Node> members = new ArrayList<>();
        collect(root, root, roots, operands, constants, members, new HashSet<>());
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
                in[i] = numbers.get(member.inputs.get(i));
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
            Map<Node, Node> roots,
            Set<Node> operands,
            Set<Node> constants,
            List<Node> members,
            Set<Node> seen) {
        if (!seen.add(node)) {
            return;
        }
        if (roots.get(node) == root) {
            node.inputs.forEach(input -> collect(input, root, roots, operands, constants, members, seen));
            members.add(node);
        } else if (Simplifier.constant(node) != null) {
            constants.add(node);
        } else {
            operands.add(node);
        }
    }
}
