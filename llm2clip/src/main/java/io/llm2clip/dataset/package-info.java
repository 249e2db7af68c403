/**
 * What training learns from, of any size: examples in shards that are read when they are drawn, in an order that a seed gives and a
 * position continues. Nothing here grows with the number of examples but an index of a few bytes per shard.
 */
@NullMarked
package io.llm2clip.dataset;

import org.jspecify.annotations.NullMarked;
