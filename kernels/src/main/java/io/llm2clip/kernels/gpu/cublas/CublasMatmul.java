package io.llm2clip.kernels.gpu.cublas;

import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.cublas.Product.Addend;
import io.llm2clip.kernels.gpu.cublas.Product.Factor;
import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One {@link Product} as a call of the library, for any addresses of the alignment it was prepared for.
 *
 * <p>The library's matrices are stored by columns, so that a matrix of ours is its own transpose there: {@code out = A B} is done as
 * {@code out^T = B^T A^T}, with our B as its first factor.
 */
public final class CublasMatmul implements AutoCloseable {
    private static final int REAL_F32 = 0;
    private static final int REAL_BF16 = 14;
    private static final int COMPUTE_F32 = 68;
    private static final int COMPUTE_TF32 = 77;
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
    private final Addend addend;
    private final Resources resources = new Resources();
    private final MemorySegment algorithm;
    private final MemorySegment alpha;
    private final MemorySegment beta;
    private final long description;
    private final long first;
    private final long second;
    private final long result;

    /** {@code cublasComputeType_t}. */
    private static int computeType(MatmulPrecision precision) {
        return precision == MatmulPrecision.TF32 ? COMPUTE_TF32 : COMPUTE_F32;
    }

    /** {@code cudaDataType} of the factors. */
    private static int dataType(MatmulPrecision precision) {
        return precision == MatmulPrecision.BF16 ? REAL_BF16 : REAL_F32;
    }

    /**
     * Prepares a product; the library must be open.
     *
     * @param product not empty
     * @param precision says also of what type the elements of a and b are; those of the other operands are f32
     * @param alignments bytes of which the addresses of the operands are multiples, in the order of {@link #run}
     * @throws CublasException if the library has no algorithm for it
     */
    public CublasMatmul(CublasLt library, Product product, MatmulPrecision precision, long[] alignments) {
        this.library = library;
        addend = product.addend();
        try {
            Arena arena = Arena.ofShared();
            resources.add(arena::close);
            algorithm = arena.allocate(HEURISTIC_RESULT, 8);
            alpha = arena.allocateFrom(ValueLayout.JAVA_FLOAT, product.alpha());
            beta = arena.allocateFrom(
                    ValueLayout.JAVA_FLOAT, addend == Addend.MATRICES || addend == Addend.OUTPUT ? 1f : 0f);
            description = library.created("cublasLtMatmulDescCreate", computeType(precision), REAL_F32);
            resources.add(() -> library.call("cublasLtMatmulDescDestroy", description));
            library.set(SET_MATMUL, description, TRANSPOSE_A, product.b().transposed() ? 1 : 0);
            library.set(SET_MATMUL, description, TRANSPOSE_B, product.a().transposed() ? 1 : 0);
            first = layout(dataType(precision), product.batch(), product.k(), product.n(), product.b());
            second = layout(dataType(precision), product.batch(), product.m(), product.k(), product.a());
            result = layout(REAL_F32, product.batch(), product.m(), product.n(), product.out());
            if (addend == Addend.BIAS) {
                library.set(SET_MATMUL, description, EPILOGUE, EPILOGUE_BIAS);
                // The choice of the algorithm depends on its alignment.
                library.set(SET_MATMUL, description, BIAS_POINTER, alignments[2]);
            }
            choose(product, alignments);
        } catch (RuntimeException | Error e) {
            resources.closeAfter(e);
            throw e;
        }
    }

    /** A matrix of rows and columns, by columns and so as its transpose. */
    private long layout(int type, int batch, long rows, long columns, Factor factor) {
        long layout = library.created(
                "cublasLtMatrixLayoutCreate",
                type,
                factor.transposed() ? rows : columns,
                factor.transposed() ? columns : rows,
                factor.leading());
        resources.add(() -> library.call("cublasLtMatrixLayoutDestroy", layout));
        if (batch > 1) {
            library.set(SET_LAYOUT, layout, BATCH_COUNT, batch);
            library.set(SET_LAYOUT, layout, STRIDED_BATCH_OFFSET, factor.batchStride());
        }
        return layout;
    }

    private void choose(Product product, long[] alignments) {
        long preference = library.created("cublasLtMatmulPreferenceCreate");
        long out = alignments[alignments.length - 1];
        long[] order = {alignments[1], alignments[0], addend == Addend.MATRICES ? alignments[2] : out, out};
        library.set(SET_PREFERENCE, preference, MAX_WORKSPACE_BYTES, CublasLt.workspaceBytes());
        for (int i = 0; i < order.length; i++) {
            library.set(SET_PREFERENCE, preference, MIN_ALIGNMENT_BYTES + i, (int) order[i]);
        }
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment found = scratch.allocate(ValueLayout.JAVA_INT);
            library.call(
                    "cublasLtMatmulAlgoGetHeuristic",
                    library.handle(),
                    description,
                    first,
                    second,
                    result,
                    result,
                    preference,
                    1,
                    algorithm,
                    found);
            if (found.get(ValueLayout.JAVA_INT, 0) == 0) {
                throw new CublasException("cuBLASLt has no algorithm for " + product + "; switch it off with -D"
                        + CublasLt.PROPERTY + "=none.");
            }
        } finally {
            library.call("cublasLtMatmulPreferenceDestroy", preference);
        }
    }

    /**
     * Enqueues the product.
     *
     * @param operands addresses of a, b, the addend if it is an operand, and out
     * @param stream a {@code CUstream}
     */
    public void run(long[] operands, long stream) {
        long out = operands[operands.length - 1];
        if (addend == Addend.BIAS) {
            library.set(SET_MATMUL, description, BIAS_POINTER, operands[2]);
        }
        library.call(
                "cublasLtMatmul",
                library.handle(),
                description,
                alpha,
                operands[1],
                first,
                operands[0],
                second,
                beta,
                addend == Addend.MATRICES ? operands[2] : out,
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
        resources.close();
    }
}
