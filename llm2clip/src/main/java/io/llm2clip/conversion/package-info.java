/** Models of any origin and format written in another one: {@link io.llm2clip.conversion.Conversion}. */
@NullMarked
package io.llm2clip.conversion;

import org.jspecify.annotations.NullMarked;
