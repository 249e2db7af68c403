/**
 * Matmul and attention on the CPU, by the fastest unit that the machine has.
 *
 * <p>{@link io.llm2clip.kernels.cpu.matrix.MatrixUnit} is the seam; its providers are packages of their own below this one. The Vector API
 * unit, which runs everywhere, cuts a matmul into tasks that own blocks of the output, and each block into tiles held in vector
 * registers. Every element is summed in an order that depends on k only, so neither blocks, threads, formats nor packing change
 * a bit.
 */
@NullMarked
package io.llm2clip.kernels.cpu.matrix;

import org.jspecify.annotations.NullMarked;
