/**
 * Models of the Hugging Face Hub by name: fetched into the cache folder that the Hub's other programs use as well, and found there. Nothing
 * is fetched unless that is asked for.
 */
@NullMarked
package io.llm2clip.hub;

import org.jspecify.annotations.NullMarked;
