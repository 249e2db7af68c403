/** Input of masked next-token prediction: texts packed into rows of equal length, and the masking of their tokens. */
@NullMarked
package io.llm2clip.training.mask;

import org.jspecify.annotations.NullMarked;
