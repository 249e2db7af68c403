/**
 * The contract between the tensor engine and its kernels.
 *
 * <p>A {@link io.llm2clip.kernels.operations.KernelOp} says <em>what</em> is computed on flat buffers: dimensions, layout, operands.
 * It is executed by three independent implementations that one set of properties holds together: the scalar
 * reference ({@code kernels.reference}), the Vector API kernels ({@code kernels.cpu}), and the device kernels
 * ({@code kernels.gpu}), which run on the JVM emulator and are compiled to GPUs by TornadoVM.
 */
@NullMarked
package io.llm2clip.kernels;

import org.jspecify.annotations.NullMarked;
