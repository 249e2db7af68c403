/**
 * Reverse-mode differentiation: one rule per operation, written as more graph.
 */
@NullMarked
package io.llm2clip.tensor.internal.autograd;

import org.jspecify.annotations.NullMarked;
