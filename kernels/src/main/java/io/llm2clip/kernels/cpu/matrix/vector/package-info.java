/** The provider of matmul and attention by the Vector API: panels, micro-kernels and what feeds them. */
@NullMarked
package io.llm2clip.kernels.cpu.matrix.vector;

import org.jspecify.annotations.NullMarked;
