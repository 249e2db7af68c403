/** Expressions as machine code, for programs that compute them on what they have in vector registers or in cache. */
@NullMarked
package io.llm2clip.kernels.cpu.machine.expression;

import org.jspecify.annotations.NullMarked;
