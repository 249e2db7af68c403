package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import java.util.ArrayList;
import java.util.List;

/** A value of the graph being compiled: after simplification and merging, with its users known. Compared by identity. */
final class Node {
    /** Position in the order of computation. */
    final int number;

    final Operation operation;
    final List<Node> inputs;
    final Shape shape;
    final DType dtype;
    final List<Node> users = new ArrayList<>();
    boolean output;

    Node(int number, Operation operation, List<Node> inputs, Shape shape, DType dtype) {
        this.number = number;
        this.operation = operation;
        this.inputs = inputs;
        this.shape = shape;
        this.dtype = dtype;
    }
}
