package io.llm2clip.kernels.gpu.codegen;

import io.llm2clip.kernels.gpu.kernels.ElementwiseKernels;
import io.llm2clip.kernels.gpu.kernels.MatmulKernels;
import io.llm2clip.kernels.operations.Expression;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LocalVariable;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import org.jspecify.annotations.Nullable;

/**
 * Makes kernels of {@link MatmulKernels}: with an epilogue's extra operands as last parameters, and its computation, and with a B that is
 * stored in words.
 */
final class MatmulGenerator implements ClassTransform {
    /** Slots of {@link MatmulKernels#k_epilogue}. */
    private static final int PARAMS = 0;

    private static final int SCALARS = 1;
    private static final int ACCUMULATOR = 2;
    private static final int BATCH = 3;
    private static final int EPILOGUE_EXTRAS = 6;
    /** Number of the parameters of {@link MatmulKernels#k_matmul}, and so slot of the first extra operand. */
    private static final int EXTRAS = 6;

    /** Slot of B, and number of its parameter. */
    private static final int B = 2;

    private final int extras;
    private final @Nullable Expression epilogue;
    private final boolean words;

    private MatmulGenerator(int extras, @Nullable Expression epilogue, boolean words) {
        this.extras = extras;
        this.epilogue = epilogue;
        this.words = words;
    }

    /** To kernels with one epilogue. */
    static MatmulGenerator of(Expression epilogue, boolean words) {
        return new MatmulGenerator(epilogue.inputs() - 1, epilogue, words);
    }

    /** To kernels that interpret epilogues of a number of extra operands. */
    static MatmulGenerator interpreting(int extras, boolean words) {
        return new MatmulGenerator(extras, null, words);
    }

    @Override
    public void accept(ClassBuilder builder, ClassElement member) {
        if (member instanceof MethodModel method && method.methodName().equalsString(MatmulKernels.NAME)) {
            builder.withMethod(
                    method.methodName().stringValue(),
                    withB(B, withExtras(method.methodTypeSymbol())),
                    method.flags().flagsMask(),
                    copy -> copy.transformCode(method.code().orElseThrow(), new Parameters()));
        } else if (member instanceof MethodModel method && method.methodName().equalsString(MatmulKernels.EPILOGUE)) {
            builder.withMethodBody(
                    method.methodName().stringValue(),
                    withExtras(method.methodTypeSymbol()),
                    method.flags().flagsMask(),
                    code -> {
                        method.code().orElseThrow().forEach(element -> {
                            if (element instanceof LocalVariable variable) {
                                name(code, variable.slot(), variable.name().stringValue(), variable.typeSymbol());
                            }
                        });
                        nameExtras(code, EPILOGUE_EXTRAS);
                        emitEpilogue(code);
                    });
        } else {
            builder.with(member);
        }
    }

    private MethodTypeDesc withExtras(MethodTypeDesc type) {
        MethodTypeDesc result = type;
        for (int e = 0; e < extras; e++) {
            result = result.insertParameterTypes(result.parameterCount(), ExpressionCode.FLOATS);
        }
        return result;
    }

    /** A method's type with B stored as it is. */
    private MethodTypeDesc withB(int parameter, MethodTypeDesc type) {
        return words ? type.changeParameterType(parameter, ExpressionCode.WORDS) : type;
    }

    /** Names of parameters, by which device compilers know them. */
    private void nameExtras(CodeBuilder code, int firstSlot) {
        for (int e = 0; e < extras; e++) {
            name(code, firstSlot + e, "extra" + e, ExpressionCode.FLOATS);
        }
    }

    private static void name(CodeBuilder code, int slot, String name, ClassDesc type) {
        code.localVariable(slot, name, type, code.startLabel(), code.endLabel());
    }

    /** Makes room for the extra operands' parameters and passes them to the epilogue. */
    private final class Parameters implements CodeTransform {

        @Override
        public void accept(CodeBuilder builder, CodeElement element) {
            if (LocalVariables.move(builder, element, Parameters.this::moved)) {
                return;
            }
            switch (element) {
                case LocalVariable variable ->
                    builder.localVariable(
                            moved(variable.slot()),
                            variable.name().stringValue(),
                            words && variable.slot() == B ? ExpressionCode.WORDS : variable.typeSymbol(),
                            variable.startScope(),
                            variable.endScope());
                case InvokeInstruction invoke
                when invoke.name().equalsString(MatmulKernels.EPILOGUE) -> {
                    for (int e = 0; e < extras; e++) {
                        builder.aload(EXTRAS + e);
                    }
                    builder.invoke(
                            Opcode.INVOKESTATIC,
                            invoke.owner().asSymbol(),
                            MatmulKernels.EPILOGUE,
                            withExtras(invoke.typeSymbol()),
                            false);
                }
                case InvokeInstruction invoke
                when words && invoke.name().equalsString(MatmulKernels.LOAD_B) ->
                    builder.invoke(
                            Opcode.INVOKESTATIC,
                            invoke.owner().asSymbol(),
                            MatmulKernels.LOAD_STORED_B,
                            withB(0, invoke.typeSymbol()),
                            false);
                default -> builder.with(element);
            }
        }

        /** Device compilers take the names of parameters in the table's order, not by their slots. */
        @Override
        public void atEnd(CodeBuilder builder) {
            nameExtras(builder, EXTRAS);
        }

        private int moved(int slot) {
            return slot < EXTRAS ? slot : slot + extras;
        }
    }

    private void emitEpilogue(CodeBuilder code) {
        // Behind the extra operands' strides there is code, if it is interpreted, and then the offsets of a, b, out and
        // the
        // extra operands.
        int strides = MatmulKernels.HEADER + 3 * extras;
        Computation computation = epilogue == null
                ? new InterpreterCode(
                        code,
                        1 + extras,
                        PARAMS,
                        SCALARS,
                        () -> param(code, MatmulKernels.INSTRUCTIONS).loadConstant(strides))
                : new ExpressionCode(code, epilogue, SCALARS);
        code.fload(ACCUMULATOR);
        computation.storeInput(0);
        for (int e = 0; e < extras; e++) {
            code.aload(EPILOGUE_EXTRAS + e);
            code.aload(PARAMS);
            code.loadConstant(strides + 3 + e);
            if (epilogue == null) {
                param(code, MatmulKernels.INSTRUCTIONS)
                        .loadConstant(ElementwiseKernels.INSTRUCTION)
                        .imul()
                        .iadd();
            }
            code.invokevirtual(ExpressionCode.INTS, "get", ExpressionCode.READ_INT);
            for (int d = 0; d < 3; d++) {
                param(code, MatmulKernels.HEADER + 3 * e + d)
                        .iload(BATCH + d)
                        .imul()
                        .iadd();
            }
            code.invokevirtual(ExpressionCode.FLOATS, "get", ExpressionCode.READ_FLOAT);
            computation.storeInput(1 + e);
        }
        computation.compute();
        computation.loadResult();
        code.freturn();
    }

    private static CodeBuilder param(CodeBuilder code, int index) {
        return code.aload(PARAMS)
                .loadConstant(index)
                .invokevirtual(ExpressionCode.INTS, "get", ExpressionCode.READ_INT);
    }
}
