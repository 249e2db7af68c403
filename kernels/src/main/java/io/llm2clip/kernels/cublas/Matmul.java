package io.llm2clip.kernels.cublas;

import io.llm2clip.kernels.KernelOp;
import io.llm2clip.kernels.KernelOp.Broadcast;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One {@link KernelOp.Gemm} as a call of the library, for any addresses of the alignment it was prepared for.
 *
 * <p>The library's matrices are stored by columns, so that a matrix of ours is its own transpose there: {@code out = A B} is done as
 * {@code out^T = B^T A^T}, with our B as its first factor.
 */
public final class Matmul implements AutoCloseable {
    private static final int REAL_F32 = 0;
    private static final int TRANSPOSE_A = 3;
    private static final int TRANSPOSE_B = 4;
    private static final int EPILOGUE = 7;
    private static final int BIAS_POINTER = 8;
    private static final int EPILOGUE_BIAS = 4;
    private static final int BATCH_COUNT = 5;
    private static final int STRIDED_BATCH_OFFSET = 6;
    private static final int MAX_WORKSPACE_BYTES = 1;
    /** The first of four preferences: the least alignment of A, B, C and D. */
    private static final int MIN_ALIGNMENT_BYTES = 5;

    private static final String SET_MATMUL = "cublasLtMatmulDescSetAttribute";
    private static final String SET_LAYOUT = "cublasLtMatrixLayoutSetAttribute";
    private static final String SET_PREFERENCE = "cublasLtMatmulPreferenceSetAttribute";
    /** Bytes of a {@code cublasLtMatmulHeuristicResult_t}, which begins with the algorithm. */
    private static final long HEURISTIC_RESULT = 96;

    private final CublasLt library;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment algorithm = arena.allocate(HEURISTIC_RESULT, 8);
    private final MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1f);
    private final MemorySegment beta;
    private final boolean bias;
    private final boolean addend;
    private final long product;
    private final long first;
    private final long second;
    private final long result;

    /**
     * Prepares a product; the library must be open.
     *
     * @param op with an epilogue that the library {@link #takes}
     * @param precision says also of what type the elements of a and b are; those of the other operands are f32
     * @param alignments bytes of which the addresses of a, b, extras and out are multiples
     * @throws CublasException if the library has no algorithm for it
     */
    public Matmul(CublasLt library, KernelOp.Gemm op, MatmulPrecision precision, long[] alignments) {
        if (!takes(op)) {
            throw new IllegalArgumentException("The library does not compute " + op + "; split off the epilogue.");
        }
        this.library = library;
        bias = !op.extras().isEmpty() && op.extras().getFirst() == Broadcast.ROW;
        addend = !op.extras().isEmpty() && !bias;
        beta = arena.allocateFrom(ValueLayout.JAVA_FLOAT, addend ? 1f : 0f);
        product = library.created("cublasLtMatmulDescCreate", precision.computeType(), REAL_F32);
        library.set(SET_MATMUL, product, TRANSPOSE_A, op.transposeB() ? 1 : 0);
        library.set(SET_MATMUL, product, TRANSPOSE_B, op.transposeA() ? 1 : 0);
        first = layout(
                precision.dataType(),
                op,
                op.transposeB() ? op.k() : op.n(),
                op.transposeB() ? op.n() : op.k(),
                op.ldb(),
                op.batchStrideB());
        second = layout(
                precision.dataType(),
                op,
                op.transposeA() ? op.m() : op.k(),
                op.transposeA() ? op.k() : op.m(),
                op.lda(),
                op.batchStrideA());
        result = layout(REAL_F32, op, op.n(), op.m(), op.n(), (long) op.m() * op.n());
        if (bias) {
            library.set(SET_MATMUL, product, EPILOGUE, EPILOGUE_BIAS);
            // The choice of the algorithm depends on its alignment.
            library.set(SET_MATMUL, product, BIAS_POINTER, alignments[2]);
        }
        choose(op, alignments);
    }

    /** Whether the library computes an operation with its epilogue: none, a bias, or an addend of the product's shape. */
    public static boolean takes(KernelOp.Gemm op) {
        boolean sum = op.k() > 0 && op.batch() > 0 && op.m() > 0 && op.n() > 0;
        boolean plain = op.epilogue().instructions().isEmpty();
        return sum && (plain || op.addsExtra());
    }

    private long layout(int type, KernelOp.Gemm op, long rows, long columns, long leading, long batchStride) {
        long layout = library.created("cublasLtMatrixLayoutCreate", type, rows, columns, leading);
        if (op.batch() > 1) {
            library.set(SET_LAYOUT, layout, BATCH_COUNT, op.batch());
            library.set(SET_LAYOUT, layout, STRIDED_BATCH_OFFSET, batchStride);
        }
        return layout;
    }

    private void choose(KernelOp.Gemm op, long[] alignments) {
        long preference = library.created("cublasLtMatmulPreferenceCreate");
        long out = alignments[alignments.length - 1];
        long[] order = {alignments[1], alignments[0], addend ? alignments[2] : out, out};
        library.set(SET_PREFERENCE, preference, MAX_WORKSPACE_BYTES, CublasLt.workspaceBytes());
        for (int i = 0; i < order.length; i++) {
            library.set(SET_PREFERENCE, preference, MIN_ALIGNMENT_BYTES + i, (int) order[i]);
        }
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment found = scratch.allocate(ValueLayout.JAVA_INT);
            library.call(
                    "cublasLtMatmulAlgoGetHeuristic",
                    library.handle(),
                    product,
                    first,
                    second,
                    result,
                    result,
                    preference,
                    1,
                    algorithm,
                    found);
            if (found.get(ValueLayout.JAVA_INT, 0) == 0) {
                throw new CublasException("cuBLASLt has no algorithm for " + op + "; switch it off with -D"
                        + CublasLt.PROPERTY + "=none.");
            }
        } finally {
            library.call("cublasLtMatmulPreferenceDestroy", preference);
        }
    }

    /**
     * Enqueues the product.
     *
     * @param operands addresses of a, b, extras and out
     * @param stream a {@code CUstream}
     */
    public void run(long[] operands, long stream) {
        long out = operands[operands.length - 1];
        if (bias) {
            library.set(SET_MATMUL, product, BIAS_POINTER, operands[2]);
        }
        library.call(
                "cublasLtMatmul",
                library.handle(),
                product,
                one,
                operands[1],
                first,
                operands[0],
                second,
                beta,
                addend ? operands[2] : out,
                result,
                out,
                result,
                algorithm,
                library.workspace(),
                CublasLt.workspaceBytes(),
                stream);
    }

    @Override
    public void close() {
        for (long layout : new long[] {first, second, result}) {
            library.call("cublasLtMatrixLayoutDestroy", layout);
        }
        library.call("cublasLtMatmulDescDestroy", product);
        arena.close();
    }
}
