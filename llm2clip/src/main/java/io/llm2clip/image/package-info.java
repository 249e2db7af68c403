/**
 * From image files to model input, to the bit as Pillow does it: {@link io.llm2clip.image.ImageReader} decodes,
 * {@link io.llm2clip.image.PillowResize} resamples, {@link io.llm2clip.image.Preprocessing} crops and normalises,
 * {@link io.llm2clip.image.Augmentation} varies, {@link io.llm2clip.image.ImageCache} keeps.
 */
@NullMarked
package io.llm2clip.image;

import org.jspecify.annotations.NullMarked;
