package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Format and layout of the matrices that a {@link Matmul} reads as one operand.
 *
 * @param format format of the elements: f32, bf16, f16, Q8 or Q4
 * @param transposed whether the transpose is stored
 * @param leadingDimension elements from one stored row to the next
 * @param batchStride elements from one matrix to the next; 0 shares one matrix
 * @param packing the layout, where the operand is not stored by rows but was packed; the strides then say how it was stored before
 */
public record MatrixOperand(
        DType format,
        boolean transposed,
        int leadingDimension,
        long batchStride,
        @Nullable Packing packing) {
    /** Formats of the elements of matrices. */
    public static final List<DType> FORMATS = List.of(DType.F32, DType.BF16, DType.F16, DType.Q8, DType.Q4, DType.Q4_1);

    public MatrixOperand {
        Checks.require(FORMATS.contains(format), "Matmul: an operand of " + FORMATS, format);
        Checks.require(
                leadingDimension % format.blockSize() == 0,
                "Matmul: " + format + " rows of whole blocks of " + format.blockSize(),
                leadingDimension);
        Checks.require(
                batchStride % format.blockSize() == 0,
                "Matmul: " + format + " matrices of whole blocks of " + format.blockSize(),
                batchStride);
    }

    /** Matrices stored row after row, one behind the other. */
    public static MatrixOperand dense(DType format, boolean transposed, int rows, int columns) {
        return new MatrixOperand(format, transposed, transposed ? rows : columns, (long) rows * columns, null);
    }

    /** The same elements in a packed layout. */
    public MatrixOperand packed(Packing layout) {
        return new MatrixOperand(format, transposed, leadingDimension, batchStride, layout);
    }

    /** The elements as they were stored before they were packed. */
    public MatrixOperand unpacked() {
        return new MatrixOperand(format, transposed, leadingDimension, batchStride, null);
    }

    /** Index of an element from the first stored one. */
    public long index(long batch, long row, long column) {
        return batch * batchStride + (transposed ? column * leadingDimension + row : row * leadingDimension + column);
    }

    /** The operand of an operation that multiplies as many matrices of as many rows and columns. */
    Operand operand(String name, int batch, int rows, int columns) {
        int length = transposed ? rows : columns;
        Checks.require(
                leadingDimension >= length, "Matmul: a leading dimension of at least a stored row", leadingDimension);
        Checks.require(
                length % format.blockSize() == 0,
                "Matmul: " + format + " rows of whole blocks of " + format.blockSize(),
                length);
        long elements = batch == 0 || rows == 0 || columns == 0 ? 0 : index(batch - 1, rows - 1, columns - 1) + 1;
        return new Operand(name, format, elements, Operand.Access.READ, null, packing);
    }
}
