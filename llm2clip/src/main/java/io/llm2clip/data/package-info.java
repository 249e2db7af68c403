/**
 * What models are trained on. {@link io.llm2clip.data.CaptionedImages} and {@link io.llm2clip.data.CaptionCorpus} read
 * JSON lines, skip what cannot be used and report it; {@link io.llm2clip.data.TextVectorStore} keeps the vectors of
 * captions by content, so that the text encoder sees each caption once. Vectors lie in a {@link io.llm2clip.data.FloatMatrix}, in the memory of
 * whoever asked for them.
 */
@NullMarked
package io.llm2clip.data;

import org.jspecify.annotations.NullMarked;
