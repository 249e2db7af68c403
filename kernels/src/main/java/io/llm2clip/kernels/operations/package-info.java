/** What a kernel set must implement: operations as values, the buffers they touch, and the expressions they are fused with. */
@NullMarked
package io.llm2clip.kernels.operations;

import org.jspecify.annotations.NullMarked;
