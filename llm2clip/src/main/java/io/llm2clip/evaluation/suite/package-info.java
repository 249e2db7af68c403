/** Evaluations that results are published of, by name: what they measure, on which data, beside which figures. */
@NullMarked
package io.llm2clip.evaluation.suite;

import org.jspecify.annotations.NullMarked;
