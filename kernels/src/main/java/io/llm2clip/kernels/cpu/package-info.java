/**
 * Kernels for the CPU: loops over raw off-heap addresses with the Vector API, run by a pool of workers. {@link
 * io.llm2clip.kernels.cpu.CpuKernels} binds any operation to its kernel.
 *
 * <p>Work is cut by the operation's dimensions only, never by the number of workers, and every sum has one fixed order, so
 * that results have the same bits on any number of threads.
 */
@NullMarked
package io.llm2clip.kernels.cpu;

import org.jspecify.annotations.NullMarked;
