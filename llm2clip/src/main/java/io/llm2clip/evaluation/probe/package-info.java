/** A linear classifier on frozen vectors: how well classes are told apart by them. */
@NullMarked
package io.llm2clip.evaluation.probe;

import org.jspecify.annotations.NullMarked;
