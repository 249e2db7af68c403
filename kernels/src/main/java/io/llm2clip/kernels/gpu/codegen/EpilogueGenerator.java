package io.llm2clip.kernels.gpu.codegen;

import static java.lang.constant.ConstantDescs.CD_int;

import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.kernels.MatmulKernels;
import io.llm2clip.kernels.operations.Expression;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/** Generates the body of {@link MatmulKernels#k_epilogue} for one expression. */
final class EpilogueGenerator {
    private static final ClassDesc INTS = IntBuf.class.describeConstable().orElseThrow();
    /** Slots of the parameters. */
    private static final int FLOATS = 0;

    private static final int PARAMS = 1;
    private static final int SCALARS = 2;
    private static final int SUM = 3;
    private static final int BATCH = 4;

    private EpilogueGenerator() {}

    static void emit(CodeBuilder code, Expression epilogue) {
        ExpressionCode expression = new ExpressionCode(code, epilogue, SCALARS);
        code.fload(SUM);
        expression.storeInput(0);
        int extras = epilogue.inputs() - 1;
        for (int e = 0; e < extras; e++) {
            code.aload(FLOATS);
            // There is no code between the extras' strides and the offsets of a, b and the extras.
            param(code, MatmulKernels.HEADER + 3 * extras + 2 + e);
            for (int d = 0; d < 3; d++) {
                param(code, MatmulKernels.HEADER + 3 * e + d);
                code.iload(BATCH + d).imul().iadd();
            }
            code.invokevirtual(ExpressionCode.FLOATS, "get", ExpressionCode.READ_FLOAT);
            expression.storeInput(1 + e);
        }
        expression.compute();
        expression.loadResult();
        code.freturn();
    }

    private static void param(CodeBuilder code, int index) {
        code.aload(PARAMS).loadConstant(index).invokevirtual(INTS, "get", MethodTypeDesc.of(CD_int, CD_int));
    }
}
