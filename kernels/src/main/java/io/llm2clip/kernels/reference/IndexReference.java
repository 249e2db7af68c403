package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.Concat;
import io.llm2clip.kernels.operations.CrossEntropyOp;
import io.llm2clip.kernels.operations.IndexOp;
import java.lang.foreign.MemorySegment;

/** Operations addressed by indices, and concatenation. */
final class IndexReference {

    private IndexReference() {}

    static void gather(IndexOp.Gather op, MemorySegment[] operands) {
        StoredElements table = new StoredElements(op.table(), operands[0]);
        Indices index = new Indices("Gather", "index", operands[1], 0, op.rows() - 1);
        Floats out = new Floats(operands[2]);
        for (int i = 0; i < op.count(); i++) {
            long row = index.get(i);
            for (int c = 0; c < op.columns(); c++) {
                out.set((long) i * op.columns() + c, table.get(row * op.columns() + c));
            }
        }
    }

    static void scatterAdd(IndexOp.ScatterAdd op, MemorySegment[] operands) {
        Floats in = new Floats(operands[0]);
        Indices index = new Indices("ScatterAdd", "index", operands[1], 0, op.rows() - 1);
        Floats out = new Floats(operands[2]);
        for (long row = 0; row < op.rows(); row++) {
            for (int c = 0; c < op.columns(); c++) {
                double sum = 0;
                for (int i = 0; i < op.count(); i++) {
                    if (index.get(i) == row) {
                        sum += in.get((long) i * op.columns() + c);
                    }
                }
                out.set(row * op.columns() + c, sum);
            }
        }
    }

    static void crossEntropy(CrossEntropyOp.CrossEntropy op, MemorySegment[] operands) {
        Floats logits = new Floats(operands[0]);
        Indices target = new Indices("CrossEntropy", "target", operands[1], -1, op.columns() - 1);
        Floats loss = new Floats(operands[2]);
        for (int row = 0; row < op.rows(); row++) {
            long start = (long) row * op.columns();
            int column = target.get(row);
            loss.set(
                    row,
                    column < 0 ? 0 : RowReference.logSumExp(logits, start, op.columns()) - logits.get(start + column));
        }
    }

    static void crossEntropyGradient(CrossEntropyOp.CrossEntropyGradient op, MemorySegment[] operands) {
        Floats logits = new Floats(operands[0]);
        Indices target = new Indices("CrossEntropyGradient", "target", operands[1], -1, op.columns() - 1);
        Floats dloss = new Floats(operands[2]);
        Floats out = new Floats(operands[3]);
        for (int row = 0; row < op.rows(); row++) {
            long start = (long) row * op.columns();
            int column = target.get(row);
            double[] probabilities = RowReference.softmax(logits, start, op.columns());
            for (int c = 0; c < op.columns(); c++) {
                double difference = probabilities[c] - (c == column ? 1 : 0);
                out.set(start + c, column < 0 ? 0 : dloss.get(row) * difference);
            }
        }
    }

    static void concat(Concat op, MemorySegment[] operands) {
        MemorySegment out = operands[operands.length - 1];
        long at = 0;
        for (int outer = 0; outer < op.outer(); outer++) {
            for (int i = 0; i < op.inner().size(); i++) {
                long bytes = (long) op.inner().get(i) * op.dtype().bytes();
                MemorySegment.copy(operands[i], outer * bytes, out, at, bytes);
                at += bytes;
            }
        }
    }
}
