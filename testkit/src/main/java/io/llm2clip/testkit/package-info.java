/**
 * Checks for tests of kernels and operations, in this project and in others.
 *
 * <p>{@link io.llm2clip.testkit.KernelLint} reads class files of device kernels. {@link io.llm2clip.testkit.OperationCheck} runs an
 * operation's implementations, its device kernels on the emulator, compares them, and checks gradients by {@code tensor}'s own
 * {@link io.llm2clip.tensor.GradientCheck}. Nothing here depends on a test framework: what fails throws an {@link java.lang.AssertionError}.
 */
@NullMarked
package io.llm2clip.testkit;

import org.jspecify.annotations.NullMarked;
