package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;
import io.llm2clip.kernels.operations.Expression;

/**
 * Matrix product with a fused epilogue. A work-group computes a tile of {@link #TILE} x {@link #TILE} elements, each of its
 * {@link #SIDE} x {@link #SIDE} work-items a grid of {@link #BLOCK} x {@link #BLOCK} of them, {@link #SIDE} apart so that
 * neighbours write neighbouring columns.
 */
public final class MatmulKernels {
    public static final int SIDE = 8;
    static final int BLOCK = 4;
    public static final int TILE = SIDE * BLOCK;
    /** Length of the part of the sums that is in local memory at a time. */
    public static final int DEPTH = 32;
    /** Ints before the extras' strides in the dimensions of {@link #k_matmul}. */
    public static final int HEADER = 11;

    /** Name of the method whose body generated kernels replace by an epilogue's code. */
    public static final String EPILOGUE = "k_epilogue";

    private MatmulKernels() {}

    /**
     * Params: m, n, k, strides of A (row, column, batch), of B (row, column, batch), extras, instructions, extras' strides
     * {@code [extras, 3]} (batch, row, column), code {@code [instructions, 4]} | a, b, extras, out. Scalars: literals
     * {@code [instructions]}. Batches along z. Transposes are strides.
     */
    static void k_matmul(KernelContext context, FloatBuf floats, IntBuf params, FloatBuf scalars) {
        float[] tileA = context.allocateFloatLocalArray(TILE * DEPTH);
        float[] tileB = context.allocateFloatLocalArray(TILE * DEPTH);
        int m = params.get(0);
        int n = params.get(1);
        int k = params.get(2);
        int extras = params.get(9);
        int offsets = HEADER + 3 * extras + ElementwiseKernels.INSTRUCTION * params.get(10);
        int itemColumn = context.localIdx;
        int itemRow = context.localIdy;
        int item = itemRow * SIDE + itemColumn;
        int firstColumn = context.groupIdx * TILE;
        int firstRow = context.groupIdy * TILE;
        int batch = context.groupIdz;
        int a = params.get(offsets) + batch * params.get(5);
        int b = params.get(offsets + 1) + batch * params.get(8);
        float[] sums = new float[BLOCK * BLOCK];
        for (int i = 0; i < BLOCK * BLOCK; i++) {
            sums[i] = 0f;
        }
        for (int start = 0; start < k; start += DEPTH) {
            // A's tile is [DEPTH, TILE] and B's too: work-items of a row then read one element of A and neighbouring
            // ones of B.
            k_loadTile(floats, tileA, item, a, params.get(3), params.get(4), firstRow, m, start, k);
            k_loadTile(floats, tileB, item, b, params.get(7), params.get(6), firstColumn, n, start, k);
            context.localBarrier();
            for (int depth = 0; depth < DEPTH; depth++) {
                int at = depth * TILE;
                for (int i = 0; i < BLOCK; i++) {
                    float valueA = tileA[at + itemRow + i * SIDE];
                    for (int j = 0; j < BLOCK; j++) {
                        sums[i * BLOCK + j] += valueA * tileB[at + itemColumn + j * SIDE];
                    }
                }
            }
            context.localBarrier();
        }
        for (int i = 0; i < BLOCK; i++) {
            int row = firstRow + itemRow + i * SIDE;
            for (int j = 0; j < BLOCK; j++) {
                int column = firstColumn + itemColumn + j * SIDE;
                if (row < m && column < n) {
                    float value = k_epilogue(floats, params, scalars, sums[i * BLOCK + j], batch, row, column);
                    floats.set(params.get(offsets + 2 + extras) + (batch * m + row) * n + column, value);
                }
            }
        }
    }

    /** Loads [DEPTH, TILE] elements with zeros beyond the matrix; neighbouring work-items take neighbouring addresses. */
    static void k_loadTile(
            FloatBuf floats,
            float[] tile,
            int item,
            int matrix,
            int outerStride,
            int depthStride,
            int firstOuter,
            int outers,
            int firstDepth,
            int depths) {
        for (int i = item; i < TILE * DEPTH; i += SIDE * SIDE) {
            int outer = i % TILE;
            int depth = i / TILE;
            if (depthStride == 1) {
                outer = i / DEPTH;
                depth = i % DEPTH;
            }
            float value = 0f;
            if (firstOuter + outer < outers && firstDepth + depth < depths) {
                value = floats.get(matrix + (firstOuter + outer) * outerStride + (firstDepth + depth) * depthStride);
            }
            tile[depth * TILE + outer] = value;
        }
    }

    /** The expression of the sum and the extra operands at one element. */
    static float k_epilogue(
            FloatBuf floats, IntBuf params, FloatBuf scalars, float sum, int batch, int row, int column) {
        int extras = params.get(9);
        int instructions = params.get(10);
        int code = HEADER + 3 * extras;
        int offsets = code + ElementwiseKernels.INSTRUCTION * instructions;
        float[] values = new float[Expression.MAX_VALUES];
        values[0] = sum;
        for (int e = 0; e < extras; e++) {
            int strides = HEADER + 3 * e;
            int offset = batch * params.get(strides) + row * params.get(strides + 1) + column * params.get(strides + 2);
            values[1 + e] = floats.get(params.get(offsets + 2 + e) + offset);
        }
        for (int i = 0; i < instructions; i++) {
            int at = code + ElementwiseKernels.INSTRUCTION * i;
            values[1 + extras + i] = ScalarFunctions.k_operation(
                    params.get(at),
                    values[params.get(at + 1)],
                    values[params.get(at + 2)],
                    values[params.get(at + 3)],
                    scalars.get(i));
        }
        return values[extras + instructions];
    }
}
