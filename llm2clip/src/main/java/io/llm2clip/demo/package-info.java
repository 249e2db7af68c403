/** The whole of LLM2CLIP in minutes, on data of the demo's own: writes it, trains all stages and a baseline, compares, reports. */
@NullMarked
package io.llm2clip.demo;

import org.jspecify.annotations.NullMarked;
