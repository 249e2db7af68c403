/** Fused expressions over every element, interpreted at first and compiled once they are hot; copies and conversions among them. */
@NullMarked
package io.llm2clip.kernels.cpu.elementwise;

import org.jspecify.annotations.NullMarked;
