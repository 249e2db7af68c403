/** What fresh processes do first, timed from outside by {@code bench/start/run}. */
@NullMarked
package io.llm2clip.bench.start;

import org.jspecify.annotations.NullMarked;
