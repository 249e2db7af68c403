/** Measurements of speed, each with a check of correctness inside; never shipped. */
@NullMarked
package io.llm2clip.bench;

import org.jspecify.annotations.NullMarked;
