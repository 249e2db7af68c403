/**
 * The CPU as a device.
 */
@NullMarked
package io.llm2clip.tensor.internal.host;

import org.jspecify.annotations.NullMarked;
