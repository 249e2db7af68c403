/**
 * Device kernels and the small dialect of Java they are written in.
 *
 * <p>A kernel is a static method that one work-item of a {@link io.llm2clip.kernels.device.Grid} executes. It sees ids and
 * barriers ({@link io.llm2clip.kernels.device.KernelContext}), element-addressed arenas ({@link
 * io.llm2clip.kernels.device.FloatBuf} and its siblings) and {@link io.llm2clip.kernels.device.KMath}, and nothing else: its
 * class file can be relinked to the types of a GPU compiler as it is, and the same class file runs on the JVM in
 * {@code kernels.emulator}. Shapes and operand offsets are data in a block of ints, so a kernel is compiled once. Kernels of
 * expressions are generated in the same dialect ({@link io.llm2clip.kernels.device.GeneratedKernels}).
 *
 * <p>{@link io.llm2clip.kernels.device.DeviceKernels} maps every {@link io.llm2clip.kernels.KernelOp} to launches of kernels.
 * What kernels may contain is checked on their class files by a test; {@code docs/kernels.md} lists the rules.
 */
@NullMarked
package io.llm2clip.kernels.device;

import org.jspecify.annotations.NullMarked;
