/**
 * The small dialect of Java in which device kernels are written.
 *
 * <p>A kernel is a static method that one work-item executes. It sees ids and barriers ({@link
 * io.llm2clip.kernels.gpu.dialect.KernelContext}), element-addressed arenas ({@link io.llm2clip.kernels.gpu.dialect.FloatBuf} and
 * its siblings) and {@link io.llm2clip.kernels.gpu.dialect.KMath}, and nothing else: its class file can be relinked to the types of
 * a GPU compiler as it is, and the same class file runs on the JVM in {@code kernels.gpu.emulator}. Shapes and operand offsets are
 * data in a block of ints, so a kernel is compiled once. What kernels may contain is checked on their class files by a test;
 * {@code docs/kernels.md} lists the rules.
 */
@NullMarked
package io.llm2clip.kernels.gpu.dialect;

import org.jspecify.annotations.NullMarked;
