package io.llm2clip.kernels.gpu.codegen;

import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;

import io.llm2clip.kernels.gpu.kernels.ElementwiseKernels;
import io.llm2clip.kernels.operations.Expression;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/** Code that interprets whatever expression the params hold, of a fixed number of inputs. */
final class InterpreterCode implements Computation {
    private static final ClassDesc KERNELS =
            ElementwiseKernels.class.describeConstable().orElseThrow();

    private final CodeBuilder code;
    private final int inputs;
    private final int params;
    private final int scalars;
    private final Runnable pushInstructionsAndCode;
    private final int values;
    private final int scratch;

    /**
     * @param params slot of the params
     * @param scalars slot of the buffer with the literals
     * @param pushInstructionsAndCode pushes the number of instructions, and where in the params they begin
     */
    InterpreterCode(CodeBuilder code, int inputs, int params, int scalars, Runnable pushInstructionsAndCode) {
        this.code = code;
        this.inputs = inputs;
        this.params = params;
        this.scalars = scalars;
        this.pushInstructionsAndCode = pushInstructionsAndCode;
        values = code.allocateLocal(TypeKind.REFERENCE);
        scratch = code.allocateLocal(TypeKind.FLOAT);
        code.loadConstant(Expression.MAX_VALUES).newarray(TypeKind.FLOAT).astore(values);
        code.fconst_0();
        storeInput(0);
    }

    @Override
    public void storeInput(int input) {
        code.fstore(scratch).aload(values).loadConstant(input).fload(scratch).fastore();
    }

    @Override
    public void compute() {
        code.aload(values).aload(params).aload(scalars).loadConstant(inputs);
        pushInstructionsAndCode.run();
        code.invokestatic(
                        KERNELS,
                        "k_interpret",
                        MethodTypeDesc.of(
                                CD_float,
                                CD_float.arrayType(),
                                ExpressionCode.INTS,
                                ExpressionCode.FLOATS,
                                CD_int,
                                CD_int,
                                CD_int))
                .fstore(scratch);
    }

    @Override
    public void loadResult() {
        code.fload(scratch);
    }
}
