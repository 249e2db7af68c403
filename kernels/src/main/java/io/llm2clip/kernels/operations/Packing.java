package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;

/**
 * A layout of the second operand of a {@link Matmul} in the order in which a matrix unit reads it. Equal packings mean equal bytes
 * for equal elements, so a packed copy can be kept and shared. Elements keep their stored width, or have that of the unit's precision.
 *
 * @param unit name of the matrix unit whose layout it is
 * @param format format of the elements before packing
 * @param n columns of B
 * @param k rows of B
 * @param panelColumns columns of a panel; the last panel is padded to as many
 * @param bytes size of the packed matrix
 */
public record Packing(String unit, DType format, int n, int k, int panelColumns, long bytes) implements PackedLayout {}
