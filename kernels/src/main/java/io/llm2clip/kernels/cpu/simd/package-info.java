/** Vectors of the width in use, and functions over them. */
@NullMarked
package io.llm2clip.kernels.cpu.simd;

import org.jspecify.annotations.NullMarked;
