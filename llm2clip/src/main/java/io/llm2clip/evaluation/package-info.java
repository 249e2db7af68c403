/** How good embeddings are: retrieval metrics, per query so that differences can be tested. */
@NullMarked
package io.llm2clip.evaluation;

import org.jspecify.annotations.NullMarked;
