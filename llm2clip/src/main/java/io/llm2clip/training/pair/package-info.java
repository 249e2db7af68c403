/**
 * What stage 1 learns from: {@link io.llm2clip.dataset.DataSource}s of captions or of queries with documents, of which
 * {@link io.llm2clip.training.pair.PairBatches} draws batches of pairs, each from one source.
 */
@NullMarked
package io.llm2clip.training.pair;

import org.jspecify.annotations.NullMarked;
