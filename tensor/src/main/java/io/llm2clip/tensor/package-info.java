/**
 * Tensors as nodes of a lazy graph, their gradients as more graph, and the compiler that turns a graph into a program.
 *
 * <p>A {@link io.llm2clip.tensor.Tensor} computes nothing: it records an operation, its inputs, a shape and an element type.
 * {@link io.llm2clip.tensor.Gradients} extends the graph by the backward pass. A {@link io.llm2clip.tensor.Program}
 * compiles what was asked for - dead code out, common subexpressions merged, elementwise chains fused, memory planned - and
 * runs it any number of times. {@link io.llm2clip.tensor.Interpreter} evaluates the same graph node by node with the scalar
 * reference kernels; it is what tests trust.
 */
@NullMarked
package io.llm2clip.tensor;

import org.jspecify.annotations.NullMarked;
