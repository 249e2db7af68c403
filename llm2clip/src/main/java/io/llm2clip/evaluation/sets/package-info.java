/** Data sets that results are published on, read from a user's copy in the layout that they are published in. */
@NullMarked
package io.llm2clip.evaluation.sets;

import org.jspecify.annotations.NullMarked;
