/** Attention in f32 by machine code for AVX-512. */
@NullMarked
package io.llm2clip.kernels.cpu.matrix.machine.attention;

import org.jspecify.annotations.NullMarked;
