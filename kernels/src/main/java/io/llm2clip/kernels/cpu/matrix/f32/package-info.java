/**
 * Machine code for f32 panels: the innermost loops of a matmul and what packs its operands. Layouts and bits are those of the Vector API's
 * kernels, which stand in where a CPU has no such code; with it nothing waits for the JVM's compiler.
 */
@NullMarked
package io.llm2clip.kernels.cpu.matrix.f32;

import org.jspecify.annotations.NullMarked;
