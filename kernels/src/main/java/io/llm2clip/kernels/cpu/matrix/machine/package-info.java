/**
 * The provider of matmul and attention in bf16 by machine code that is encoded at run time: dot products of AVX-512 or tiles of AMX.
 *
 * <p>Both read the same layout. A is cut into panels of rows, B into panels of 32 columns, and k into steps of 32: a panel of A has
 * {@code [step][row][32 of k]}, one of B {@code [step][16 columns, twice][16 pairs of k][column][2]}, all of bf16. For {@code bf16x3} a
 * step has two such parts, the rounded numbers and what rounding left, and three products are summed, for {@code bf16x6} three and six ({@link
 * io.llm2clip.kernels.cpu.matrix.machine.Parts}). What computes
 * panels times a panel and the epilogue of that, and what rounds f32 into panels, is machine code; what is cut how, and when, is Java.
 */
@NullMarked
package io.llm2clip.kernels.cpu.matrix.machine;

import org.jspecify.annotations.NullMarked;
