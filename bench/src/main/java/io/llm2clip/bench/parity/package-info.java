/** This side of the comparison with reference implementations that {@code bench/parity/run} makes. */
@NullMarked
package io.llm2clip.bench.parity;

import org.jspecify.annotations.NullMarked;
