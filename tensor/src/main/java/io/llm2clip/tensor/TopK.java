package io.llm2clip.tensor;

/**
 * The greatest elements along an axis, in descending order.
 *
 * @param values what they are; gradients flow to the elements that were taken
 * @param indices where they are, i32
 */
public record TopK(Tensor values, Tensor indices) {}
