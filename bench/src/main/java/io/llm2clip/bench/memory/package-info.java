/** What models of true shapes take of memory and time to open, measured in processes of their own. */
@NullMarked
package io.llm2clip.bench.memory;

import org.jspecify.annotations.NullMarked;
