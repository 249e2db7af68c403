/** The same work in this engine and in others, in turns: started by {@code bench/compare/run}. */
@NullMarked
package io.llm2clip.bench.compare;

import org.jspecify.annotations.NullMarked;
