package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.cpu.elementwise.ExpressionEvaluator;
import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.Matmul;
import org.jspecify.annotations.Nullable;

/**
 * What happens to a block of the output: nothing; an addend (a bias or a residual), added as tiles are stored;
 * or any other expression, evaluated in place while the block is in cache.
 */
public final class BlockEpilogue {
    private final Matmul op;
    private final long[] addresses;
    private final boolean addend;
    private final boolean rowwise;
    private final @Nullable ExpressionEvaluator evaluator;

    /**
     * Of a matmul.
     *
     * @param addresses one per operand
     */
    public BlockEpilogue(Matmul op, long[] addresses) {
        this.op = op;
        this.addresses = addresses;
        addend = op.epilogue().addsExtra();
        boolean[] scalar = new boolean[1 + op.epilogue().extras().size()];
        for (int e = 0; e < op.epilogue().extras().size(); e++) {
            scalar[1 + e] = op.epilogue().extras().get(e) == Broadcast.SCALAR;
        }
        evaluator = isEvaluated(op) ? new ExpressionEvaluator(op.epilogue().expression(), scalar) : null;
        rowwise = op.epilogue().extras().contains(Broadcast.ROW);
    }

    /** Whether the epilogue takes more than an addition as tiles are stored. */
    public static boolean isEvaluated(Matmul op) {
        return !op.epilogue().isIdentity() && !op.epilogue().addsExtra();
    }

    /** Address of what is added to an element as tiles are stored, or 0. */
    public long addend(int batch, int row, int column) {
        return addend ? extra(0, batch, row, column) : 0;
    }

    /** Bytes from one row of the addend to the next. */
    public long addendRow() {
        return addend && op.epilogue().extras().getFirst() == Broadcast.FULL ? op.n() * 4L : 0;
    }

    /** Address of the element in the first operand of the output's shape that {@link #apply} reads; 0 if it reads none. */
    public long read(int batch, int row, int column) {
        int read = evaluator == null ? -1 : op.epilogue().extras().indexOf(Broadcast.FULL);
        return read < 0 ? 0 : extra(read, batch, row, column);
    }

    /** Finishes a block of the output. */
    public void apply(OutputBlock block, int worker) {
        apply(block, output(block.batch(), block.row(), block.column()), op.n() * 4L, worker);
    }

    /**
     * Finishes a block that is elsewhere, in place.
     *
     * @param sums its first element
     * @param sumRow bytes from one row of it to the next
     */
    public void apply(OutputBlock block, long sums, long sumRow, int worker) {
        if (evaluator == null) {
            return;
        }
        boolean whole = block.columns() == op.n() && sumRow == op.n() * 4L && !rowwise;
        int calls = whole ? 1 : block.rows();
        int count = whole ? block.rows() * block.columns() : block.columns();
        long[] inputs = new long[1 + op.epilogue().extras().size()];
        for (int r = 0; r < calls; r++) {
            inputs[0] = sums + r * sumRow;
            for (int e = 1; e < inputs.length; e++) {
                inputs[e] = extra(e - 1, block.batch(), block.row() + r, block.column());
            }
            evaluator.evaluate(count, inputs, inputs[0], worker);
        }
    }

    /** Address of an element of the output. */
    public long output(int batch, int row, int column) {
        return element(addresses[addresses.length - 1], batch, row, column);
    }

    /** Address of what another operand of the epilogue has for an element of the output. */
    public long extra(int e, int batch, int row, int column) {
        long address = addresses[2 + e];
        return switch (op.epilogue().extras().get(e)) {
            case FULL -> element(address, batch, row, column);
            case ROW -> address + column * 4L;
            case SCALAR -> address;
        };
    }

    private long element(long address, int batch, int row, int column) {
        return address + (((long) batch * op.m() + row) * op.n() + column) * 4;
    }
}
