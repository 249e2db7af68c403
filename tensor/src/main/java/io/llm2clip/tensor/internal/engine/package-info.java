/**
 * The engine that {@link io.llm2clip.tensor.Engine} stands for, put together of the packages below.
 */
@NullMarked
package io.llm2clip.tensor.internal.engine;

import org.jspecify.annotations.NullMarked;
