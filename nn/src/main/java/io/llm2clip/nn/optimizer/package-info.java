/**
 * Training: AdamW over groups of parameters, learning-rate schedules, and the compiled step that joins a loss, its gradients and
 * the update.
 */
@NullMarked
package io.llm2clip.nn.optimizer;

import org.jspecify.annotations.NullMarked;
