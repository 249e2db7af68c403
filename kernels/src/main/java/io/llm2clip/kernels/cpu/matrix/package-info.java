/**
 * Matrix products on the CPU, by the fastest unit that the machine has.
 *
 * <p>A {@link io.llm2clip.kernels.cpu.matrix.MatrixUnit} is chosen once a process. The Vector API unit, which runs everywhere,
 * cuts a product into tasks that own blocks of the result, and each block into tiles held in vector registers. Every
 * element is summed in an order that depends on the length of the sum only, so neither the blocks nor the number of threads change
 * a bit.
 */
@NullMarked
package io.llm2clip.kernels.cpu.matrix;

import org.jspecify.annotations.NullMarked;
