/** Long embedding jobs: what they read, how they are continued after an interruption, and the files that hold their vectors. */
@NullMarked
package io.llm2clip.embedding;

import org.jspecify.annotations.NullMarked;
