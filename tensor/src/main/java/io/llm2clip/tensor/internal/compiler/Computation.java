package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.internal.graph.Node;
import java.util.List;

/** What one kernel will compute, before it is decided how its operands lie in memory. */
sealed interface Computation {

    /** A coarse kernel on contiguous operands. */
    record Coarse(KernelOp op, Precision precision, List<Node> operands, List<Node> results) implements Computation {}

    /** An expression of the elements of operands, each of which may be any view. */
    record Pointwise(Expression expression, List<Node> operands, Node result) implements Computation {}

    /** A product whose elements go through an expression before they are stored; its first input is the product. */
    record Product(
            Matmul op, Precision precision, List<Node> factors, Expression epilogue, List<Node> extras, Node result)
            implements Computation {}

    /** Elements brought into order. */
    record Copy(Node source, Node result) implements Computation {}
}
