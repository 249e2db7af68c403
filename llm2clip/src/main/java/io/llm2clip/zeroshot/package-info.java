/** Classification of images by labels in words, without training: a label is the mean of its prompts' embeddings. */
@NullMarked
package io.llm2clip.zeroshot;

import org.jspecify.annotations.NullMarked;
