package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;
import io.llm2clip.kernels.gpu.dialect.ShortBuf;

/**
 * Matmul with a fused epilogue. A work-group computes a tile of {@link #TILE} x {@link #TILE} elements, each of its {@link #SIDE} x
 * {@link #SIDE} work-items a grid of {@link #BLOCK} x {@link #BLOCK} of them, {@link #SIDE} apart so that neighbors write neighboring
 * columns.
 *
 * <p>The epilogue here is the identity, and B is of f32. Kernels with other ones are generated ({@link
 * io.llm2clip.kernels.gpu.codegen.GeneratedKernels}): of the same code, but with the epilogue's extra operands as last parameters of
 * the kernel and of {@link #k_epilogue}, and with another body of the latter; and for a B that is stored in words of 16 bits, with a
 * {@link ShortBuf} that {@link #k_loadStoredB} reads.
 */
public final class MatmulKernels {
    public static final int SIDE = 8;
    static final int BLOCK = 4;
    public static final int TILE = SIDE * BLOCK;
    /** Elements of k per step: the depth of the tiles in local memory. */
    public static final int DEPTH = 32;
    /** Ints before the extras' strides in the dimensions of {@link #k_matmul}. */
    public static final int HEADER = 12;

    /** Where the dimensions hold the number of the epilogue's instructions, 0 where its code is not interpreted. */
    public static final int INSTRUCTIONS = 10;

    /** Where they hold the number of B's format, an ordinal of {@link io.llm2clip.kernels.DType}. */
    static final int FORMAT = 11;

    /** Name of the kernel. */
    public static final String NAME = "k_matmul";

    /** Name of the method that generated kernels replace. */
    public static final String EPILOGUE = "k_epilogue";

    /** Name of the method that loads an f32 B. */
    public static final String LOAD_B = "k_loadB";

    /** Name of the one that takes its place where B is stored in words. */
    public static final String LOAD_STORED_B = "k_loadStoredB";

    private MatmulKernels() {}

    /**
     * Params: m, n, k, strides of A (row, column, batch), of B (row, column, batch), extras, instructions, B's format, extras' strides
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
        float[] accumulators = new float[BLOCK * BLOCK];
        for (int i = 0; i < BLOCK * BLOCK; i++) {
            accumulators[i] = 0f;
        }
        for (int start = 0; start < k; start += DEPTH) {
            // A's tile is [DEPTH, TILE] and B's too: work-items of a row then read one element of A and neighboring
            // ones of B.
            k_loadTile(a, tileA, item, matrixA, params.get(3), params.get(4), firstRow, m, start, k);
            k_loadB(b, tileB, params, item, params.get(offsets + 1), batch, firstColumn, start);
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
            int outer = k_outer(i, depthStride);
            int depth = k_depth(i, depthStride);
            float value = 0f;
            if (firstOuter + outer < outers && firstDepth + depth < depths) {
                value = matrices.get(matrix + (firstOuter + outer) * outerStride + (firstDepth + depth) * depthStride);
            }
            tile[depth * TILE + outer] = value;
        }
    }

    /** Which of a tile's columns, or rows of A, to load. */
    static int k_outer(int element, int depthStride) {
        return depthStride == 1 ? element / DEPTH : element % TILE;
    }

    /** Which of the tile's terms to load. */
    static int k_depth(int element, int depthStride) {
        return depthStride == 1 ? element % DEPTH : element / TILE;
    }

    /** Loads B's tile; {@code first} is the first element of all its matrices. */
    static void k_loadB(
            FloatBuf b, float[] tile, IntBuf params, int item, int first, int batch, int firstColumn, int start) {
        int matrix = first + batch * params.get(8);
        k_loadTile(
                b, tile, item, matrix, params.get(7), params.get(6), firstColumn, params.get(1), start, params.get(2));
    }

    /** As {@link #k_loadB}, of elements stored in words; a block of quantized ones lies across neither rows nor matrices. */
    static void k_loadStoredB(
            ShortBuf b, float[] tile, IntBuf params, int item, int first, int batch, int firstColumn, int start) {
        int depthStride = params.get(6);
        for (int i = item; i < TILE * DEPTH; i += SIDE * SIDE) {
            int outer = k_outer(i, depthStride);
            int depth = k_depth(i, depthStride);
            int column = firstColumn + outer;
            int row = start + depth;
            float value = 0f;
            if (column < params.get(1) && row < params.get(2)) {
                int element = batch * params.get(8) + column * params.get(7) + row * depthStride;
                value = StoredWords.k_element(b, first, element, params.get(FORMAT));
            }
            tile[depth * TILE + outer] = value;
        }
    }

    /** The epilogue of the accumulator and the extra operands at one element. */
    static float k_epilogue(IntBuf params, FloatBuf scalars, float accumulator, int batch, int row, int column) {
        return accumulator;
    }
}
