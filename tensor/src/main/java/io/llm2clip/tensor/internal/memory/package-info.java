/** Memory of a device that its programs share. */
@NullMarked
package io.llm2clip.tensor.internal.memory;

import org.jspecify.annotations.NullMarked;
