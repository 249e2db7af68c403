/** What attentions have in common, whatever multiplies: their sequences, and where the heads of their operands are. */
@NullMarked
package io.llm2clip.kernels.cpu.matrix.attention;

import org.jspecify.annotations.NullMarked;
