/**
 * The kit for the first minutes on a new GPU: parts that check and measure, each a process of its own, and what reads their results.
 *
 * <p>{@link io.llm2clip.bench.gpu.KitRun} runs the parts in order of worth, {@link io.llm2clip.bench.gpu.KitReport} writes the section of
 * {@code docs/performance.md}. {@code bench/gpu/pack} makes a folder of all that a bare machine needs.
 */
@NullMarked
package io.llm2clip.bench.gpu;

import org.jspecify.annotations.NullMarked;
