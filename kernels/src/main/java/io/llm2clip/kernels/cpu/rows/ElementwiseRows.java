package io.llm2clip.kernels.cpu.rows;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.elementwise.ElementwiseKernel;
import io.llm2clip.kernels.cpu.elementwise.ExpressionEvaluator;
import io.llm2clip.kernels.cpu.matrix.RowPacker;
import io.llm2clip.kernels.cpu.runtime.PerWorker;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Scratch;
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
    private final PerWorker<Scratch> scratch;

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
        scratch = new PerWorker<>(() -> new Scratch((long) columns * Float.BYTES));
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
        return Ranges.launch(
                workers,
                rows,
                columns,
                (from, to, worker) ->
                        packer.pack(addresses[0] + from * rowBytes, rowBytes, (int) from, (int) (to - from), worker));
    }

    private Launch compute(RowPacker packer, Workers workers) {
        long cost = (long) ElementwiseKernel.cost(op.expression()) * columns;
        return Ranges.launch(workers, rows, cost, (from, to, worker) -> {
            Scratch row = scratch.get(worker);
            long[] inputs = new long[op.sources().size()];
            for (long r = from; r < to; r++) {
                for (int i = 0; i < inputs.length; i++) {
                    inputs[i] = addresses[i] + op.offset(i, r * columns) * Float.BYTES;
                }
                evaluator.evaluate(columns, inputs, row.address(), worker);
                packer.pack(row.address(), (long) columns * Float.BYTES, (int) r, 1, worker);
            }
            row.keepAlive();
        });
    }
}
