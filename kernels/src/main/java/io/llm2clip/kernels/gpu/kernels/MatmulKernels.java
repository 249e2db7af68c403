package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;

/**
 * Matmul with a fused epilogue. A work-group computes a tile of {@link #TILE} x {@link #TILE} elements, each of its {@link #SIDE} x
 * {@link #SIDE} work-items a grid of {@link #BLOCK} x {@link #BLOCK} of them, {@link #SIDE} apart so that neighbors write neighboring
 * columns.
 *
 * <p>The epilogue here is the identity. Kernels with other ones are generated ({@link
 * io.llm2clip.kernels.gpu.codegen.GeneratedKernels}): of the same code, but with the epilogue's extra operands as last parameters of
 * the kernel and of {@link #k_epilogue}, and with another body of the latter.
 */
public final class MatmulKernels {
    public static final int SIDE = 8;
    static final int BLOCK = 4;
    public static final int TILE = SIDE * BLOCK;
    /** Elements of k per step: the depth of the tiles in local memory. */
    public static final int DEPTH = 32;
    /** Ints before the extras' strides in the dimensions of {@link #k_matmul}. */
    public static final int HEADER = 11;

    /** Where the dimensions hold the number of the epilogue's instructions, 0 where its code is not interpreted. */
    public static final int INSTRUCTIONS = 10;

    /** Name of the kernel. */
    public static final String NAME = "k_matmul";

    /** Name of the method that generated kernels replace. */
    public static final String EPILOGUE = "k_epilogue";

    private MatmulKernels() {}

    /**
     * Params: m, n, k, strides of A (row, column, batch), of B (row, column, batch), extras, instructions, extras' strides
     * {@code [extras, 3]} (batch, row, column), code {@code [instructions, 4]} | a, b, out, extras. Scalars: literals
     * {@code [instructions]}. Batches along z. Transposes are strides.
     */
    static void k_matmul(KernelContext context, FloatBuf a, FloatBuf b, FloatBuf out, IntBuf params, FloatBuf scalars) {
        float[] tileA = context.allocateFloatLocalArray(TILE * DEPTH);
        float[] tileB = context.allocateFloatLocalArray(TILE * DEPTH);
        int m = params.get(0);
        int n = params.get(1);
        int k = params.get(2);
        int extras = params.get(9);
        int offsets = HEADER + 3 * extras + ElementwiseKernels.INSTRUCTION * params.get(INSTRUCTIONS);
        int itemColumn = context.localIdx;
        int itemRow = context.localIdy;
        int item = itemRow * SIDE + itemColumn;
        int firstColumn = context.groupIdx * TILE;
        int firstRow = context.groupIdy * TILE;
        int batch = context.groupIdz;
        int matrixA = params.get(offsets) + batch * params.get(5);
        int matrixB = params.get(offsets + 1) + batch * params.get(8);
        float[] accumulators = new float[BLOCK * BLOCK];
        for (int i = 0; i < BLOCK * BLOCK; i++) {
            accumulators[i] = 0f;
        }
        for (int start = 0; start < k; start += DEPTH) {
            // A's tile is [DEPTH, TILE] and B's too: work-items of a row then read one element of A and neighboring
            // ones of B.
            k_loadTile(a, tileA, item, matrixA, params.get(3), params.get(4), firstRow, m, start, k);
            k_loadTile(b, tileB, item, matrixB, params.get(7), params.get(6), firstColumn, n, start, k);
            context.localBarrier();
            for (int depth = 0; depth < DEPTH; depth++) {
                int at = depth * TILE;
                for (int i = 0; i < BLOCK; i++) {
                    float valueA = tileA[at + itemRow + i * SIDE];
                    for (int j = 0; j < BLOCK; j++) {
                        accumulators[i * BLOCK + j] += valueA * tileB[at + itemColumn + j * SIDE];
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
                    float value = k_epilogue(params, scalars, accumulators[i * BLOCK + j], batch, row, column);
                    out.set(params.get(offsets + 2) + (batch * m + row) * n + column, value);
                }
            }
        }
    }

    /** Loads [DEPTH, TILE] elements with zeros beyond the matrix; neighboring work-items take neighboring addresses. */
    static void k_loadTile(
            FloatBuf matrices,
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
                value = matrices.get(matrix + (firstOuter + outer) * outerStride + (firstDepth + depth) * depthStride);
            }
            tile[depth * TILE + outer] = value;
        }
    }

    /** The epilogue of the accumulator and the extra operands at one element. */
    static float k_epilogue(IntBuf params, FloatBuf scalars, float accumulator, int batch, int row, int column) {
        return accumulator;
    }
}
