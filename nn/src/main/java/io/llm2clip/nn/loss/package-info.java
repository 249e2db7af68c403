/** Losses, as graphs of one element: their gradients come from the engine. */
@NullMarked
package io.llm2clip.nn.loss;

import org.jspecify.annotations.NullMarked;
