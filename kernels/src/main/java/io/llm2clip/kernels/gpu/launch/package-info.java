/**
 * How operations become launches of device kernels: {@link io.llm2clip.kernels.gpu.launch.DeviceKernels} maps every {@link
 * io.llm2clip.kernels.operations.KernelOp} to kernels, grids and parameters.
 */
@NullMarked
package io.llm2clip.kernels.gpu.launch;

import org.jspecify.annotations.NullMarked;
