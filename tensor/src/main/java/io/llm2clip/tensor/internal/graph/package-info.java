/**
 * The graph as compiler passes see it: values with their users, strided views of them, the order of computation, and the scalar
 * interpreter that all passes are measured against.
 */
@NullMarked
package io.llm2clip.tensor.internal.graph;

import org.jspecify.annotations.NullMarked;
