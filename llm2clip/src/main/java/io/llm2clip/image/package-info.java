/**
 * From image files to model input, to the bit as Pillow does it: {@link io.llm2clip.image.ImageReader} decodes,
 * {@link io.llm2clip.image.PillowResize} resamples, {@link io.llm2clip.image.Preprocessing} crops and normalizes,
 * {@link io.llm2clip.image.Augmentation} varies, {@link io.llm2clip.image.ImageCache} keeps. Whoever uses images takes an
 * {@link io.llm2clip.image.ImageSource}, and {@link io.llm2clip.image.ImageStream} reads it ahead on the process's image threads.
 */
@NullMarked
package io.llm2clip.image;

import org.jspecify.annotations.NullMarked;
