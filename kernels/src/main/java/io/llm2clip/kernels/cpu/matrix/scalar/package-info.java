/** The provider of matmul and attention by plain loops: the second opinion. */
@NullMarked
package io.llm2clip.kernels.cpu.matrix.scalar;

import org.jspecify.annotations.NullMarked;
