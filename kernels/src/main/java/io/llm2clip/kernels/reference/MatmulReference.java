package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.Matmul;

/** Matrix products. */
final class MatmulReference {

    private MatmulReference() {}

    static void matmul(Matmul op, Floats[] operands) {
        Floats out = operands[operands.length - 1];
        float[] values = new float[1 + op.extras().size()];
        for (long batch = 0; batch < op.batch(); batch++) {
            for (long row = 0; row < op.m(); row++) {
                for (long column = 0; column < op.n(); column++) {
                    long index = (batch * op.m() + row) * op.n() + column;
                    values[0] = (float) dot(op, operands[0], operands[1], batch, row, column);
                    for (int e = 0; e < op.extras().size(); e++) {
                        values[1 + e] = operands[2 + e].get(
                                switch (op.extras().get(e)) {
                                    case FULL -> index;
                                    case ROW -> column;
                                    case SCALAR -> 0;
                                });
                    }
                    out.set(index, ScalarExpression.evaluate(op.epilogue(), values));
                }
            }
        }
    }

    private static double dot(Matmul op, Floats a, Floats b, long batch, long row, long column) {
        double sum = 0;
        for (long k = 0; k < op.k(); k++) {
            long atA = batch * op.batchStrideA() + (op.transposeA() ? k * op.lda() + row : row * op.lda() + k);
            long atB = batch * op.batchStrideB() + (op.transposeB() ? column * op.ldb() + k : k * op.ldb() + column);
            sum += (double) a.get(atA) * b.get(atB);
        }
        return sum;
    }
}
