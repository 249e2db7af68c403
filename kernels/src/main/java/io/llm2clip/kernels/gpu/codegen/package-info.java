/** Device kernels of expressions, generated at run time. */
@NullMarked
package io.llm2clip.kernels.gpu.codegen;

import org.jspecify.annotations.NullMarked;
