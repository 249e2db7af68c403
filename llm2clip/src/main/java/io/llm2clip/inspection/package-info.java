/** What is known of a model's files without reading its weights. */
@NullMarked
package io.llm2clip.inspection;

import org.jspecify.annotations.NullMarked;
