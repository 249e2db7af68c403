package io.llm2clip.conversion;

import io.llm2clip.nn.RoundingError;

/**
 * What rounding changed in a tensor.
 *
 * @param name in the file that was written
 */
public record RoundedTensor(String name, RoundingError error) {}
