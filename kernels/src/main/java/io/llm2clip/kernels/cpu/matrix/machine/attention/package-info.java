/** Attention by machine code: in f32 by AVX-512, in bf16 by AMX. */
@NullMarked
package io.llm2clip.kernels.cpu.matrix.machine.attention;

import org.jspecify.annotations.NullMarked;
