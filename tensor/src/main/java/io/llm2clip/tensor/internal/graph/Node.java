package io.llm2clip.tensor.internal.graph;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A value of the graph being compiled: after simplification and merging, with its users known. Compared by identity. */
public final class Node {
    /** Position in the order of computation; -1 for a temporary. */
    public final int number;

    public final Operation operation;
    public final List<Node> inputs;
    public final Shape shape;
    public final DType dtype;
    public final List<Node> users = new ArrayList<>();

    /** Whether it is handed out or stored, so that it has to be in memory. */
    public boolean output;
    /** Where it was built, if that was noted. */
    public @Nullable String site;

    /** A value that is no node of the graph: a copy, or a result that nothing reads. */
    public static Node temporary(Operation operation, Shape shape, DType dtype) {
        return new Node(-1, operation, List.of(), shape, dtype);
    }

    public Node(int number, Operation operation, List<Node> inputs, Shape shape, DType dtype) {
        this.number = number;
        this.operation = operation;
        this.inputs = inputs;
        this.shape = shape;
        this.dtype = dtype;
    }
}
