/** The front door: a trained model that embeds images and captions. */
@NullMarked
package io.llm2clip;

import org.jspecify.annotations.NullMarked;
