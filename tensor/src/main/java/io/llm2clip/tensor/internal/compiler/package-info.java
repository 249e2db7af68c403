/**
 * From a graph to a plan: what is computed by which kernels, in which order, and where each operand lies.
 */
@NullMarked
package io.llm2clip.tensor.internal.compiler;

import org.jspecify.annotations.NullMarked;
