package io.llm2clip.kernels.cpu.rows;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.elementwise.ElementwiseKernel;
import io.llm2clip.kernels.cpu.elementwise.ExpressionEvaluator;
import io.llm2clip.kernels.cpu.matrix.RowPacker;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Elementwise;
import java.util.List;

/** Expressions of f32 by rows, each of which goes into panels while it is in cache. Rows that are there already go as they are. */
public final class ElementwiseRows {
    private final Elementwise op;
    private final long[] addresses;
    private final int columns;
    private final int rows;
    private final ExpressionEvaluator evaluator;

    private ElementwiseRows(Elementwise op, long[] addresses) {
        this.op = op;
        this.addresses = addresses;
        columns = op.shape().getLast();
        rows = Math.toIntExact(op.operands().getLast().elements() / columns);
        boolean[] scalar = new boolean[op.sources().size()];
        for (int i = 0; i < scalar.length; i++) {
            scalar[i] = op.sources().get(i).strides().getLast() == 0;
        }
        evaluator = new ExpressionEvaluator(op.expression(), scalar);
    }

    /** Whether an expression has rows of so many columns, each of which it can read from contiguous elements or from one. */
    public static boolean computes(Elementwise op, int columns) {
        List<Integer> shape = op.shape();
        return op.isOfFloats()
                && op.output() == DType.F32
                && columns > 0
                && !shape.isEmpty()
                && shape.getLast() == columns
                && op.sources().stream().allMatch(source -> source.strides().getLast() <= 1);
    }

    /**
     * Prepares an expression that is computed by rows.
     *
     * @param packer that writes them
     */
    public static Launch bind(Elementwise op, long[] addresses, RowPacker packer, Workers workers) {
        if (!computes(op, op.shape().isEmpty() ? 0 : op.shape().getLast())) {
            throw new IllegalArgumentException("Rows of " + op + ", expected f32 elements that follow each other.");
        }
        ElementwiseRows rows = new ElementwiseRows(op, addresses);
        return op.isIdentity() && op.isDense(0) ? rows.pack(packer, workers) : rows.compute(packer, workers);
    }

    private Launch pack(RowPacker packer, Workers workers) {
        long rowBytes = (long) columns * Float.BYTES;
        int together = packer.together();
        return Ranges.launch(workers, Math.ceilDiv(rows, together), (long) columns * together, (from, to, worker) -> {
            int first = (int) from * together;
            int some = (int) Math.min(rows, to * together) - first;
            packer.pack(addresses[0] + first * rowBytes, rowBytes, first, some, worker);
        });
    }

    private Launch compute(RowPacker packer, Workers workers) {
        long cost = (long) ElementwiseKernel.cost(op.expression()) * columns;
        return new RowOutput(packer, columns).launch(workers, rows, cost, (row, to, worker) -> {
            long[] inputs = new long[op.sources().size()];
            for (int i = 0; i < inputs.length; i++) {
                inputs[i] = addresses[i] + op.offset(i, row * columns) * Float.BYTES;
            }
            evaluator.evaluate(columns, inputs, to, worker);
        });
    }
}
