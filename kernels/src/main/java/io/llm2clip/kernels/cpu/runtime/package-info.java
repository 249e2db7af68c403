/** What every kernel for the CPU stands on: a pool of threads, raw off-heap memory, scratch memory, ranges of work. */
@NullMarked
package io.llm2clip.kernels.cpu.runtime;

import org.jspecify.annotations.NullMarked;
