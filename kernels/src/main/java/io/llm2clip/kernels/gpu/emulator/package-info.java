/**
 * Runs device kernels on the JVM and finds the mistakes that a GPU hides.
 *
 * <p>Kernel classes are loaded a second time with their local-memory accesses and barriers replaced by calls to the emulator.
 * Work-items of a group take turns on virtual threads, one running at a time, so a run is deterministic; a shuffled
 * schedule switches between them at random. Every access to memory is checked: bounds of the operand, first write before
 * read, and whether another work-item could have touched the place at the same time.
 */
@NullMarked
package io.llm2clip.kernels.gpu.emulator;

import org.jspecify.annotations.NullMarked;
