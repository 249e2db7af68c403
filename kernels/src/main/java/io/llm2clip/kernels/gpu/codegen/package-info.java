/** Device kernels of single expressions, generated at run time from those that interpret them. */
@NullMarked
package io.llm2clip.kernels.gpu.codegen;

import org.jspecify.annotations.NullMarked;
