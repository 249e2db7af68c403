/** Operations on rows: reductions, normalizations, softmax, rotary positions, lookups, losses, and the optimizer's update. */
@NullMarked
package io.llm2clip.kernels.cpu.rows;

import org.jspecify.annotations.NullMarked;
