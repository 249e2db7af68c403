package io.llm2clip.kernels.gpu.codegen;

import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KernelContext;
import io.llm2clip.kernels.gpu.kernels.ElementwiseKernels;
import io.llm2clip.kernels.operations.Expression;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.List;

/** Generates the body of {@link ElementwiseKernels#k_elementwise} for one expression, with its inputs in some layouts. */
final class ElementwiseGenerator {
    private static final ClassDesc KERNELS = description(ElementwiseKernels.class);
    private static final ClassDesc CONTEXT = description(KernelContext.class);
    private static final ClassDesc INTS = description(IntBuf.class);
    /** Slots of the parameters. */
    private static final int FLOATS = 1;

    private static final int PARAMS = 2;
    private static final int SCALARS = 3;

    private final CodeBuilder code;
    private final List<InputLayout> layouts;
    private final ExpressionCode expression;
    private final int element;
    private final int rank;
    private final int offsets;

    private ElementwiseGenerator(CodeBuilder code, Expression expression, List<InputLayout> layouts) {
        this.code = code;
        this.layouts = layouts;
        element = code.allocateLocal(TypeKind.INT);
        rank = code.allocateLocal(TypeKind.INT);
        offsets = code.allocateLocal(TypeKind.INT);
        this.expression = new ExpressionCode(code, expression, SCALARS);
    }

    static void emit(CodeBuilder code, Expression expression, List<InputLayout> layouts) {
        new ElementwiseGenerator(code, expression, layouts).emit();
    }

    private void emit() {
        Label end = code.newLabel();
        code.aload(0).getfield(CONTEXT, "globalIdx", CD_int).istore(element);
        code.iload(element);
        param(0).if_icmpge(end);
        param(1).istore(rank);
        // Behind the shape and the strides of each input; there is no code to skip.
        code.loadConstant(ElementwiseKernels.HEADER)
                .iload(rank)
                .loadConstant(layouts.size() + 1)
                .imul()
                .iadd()
                .istore(offsets);
        for (int i = 0; i < layouts.size(); i++) {
            code.aload(FLOATS);
            offset(i);
            index(i);
            code.invokevirtual(ExpressionCode.FLOATS, "get", ExpressionCode.READ_FLOAT);
            expression.storeInput(i);
        }
        expression.compute();
        code.aload(FLOATS);
        offset(layouts.size());
        code.iload(element).iadd();
        expression.loadResult();
        code.invokevirtual(ExpressionCode.FLOATS, "set", MethodTypeDesc.of(CD_void, CD_int, CD_float))
                .labelBinding(end)
                .return_();
    }

    /** Adds what leads from an input's first element to the current one. */
    private void index(int input) {
        switch (layouts.get(input)) {
            case SCALAR -> {}
            case DENSE -> code.iload(element).iadd();
            case STRIDED ->
                code.aload(PARAMS)
                        .loadConstant(ElementwiseKernels.HEADER)
                        .iload(rank)
                        .loadConstant(input + 1)
                        .imul()
                        .iadd()
                        .iload(rank)
                        .iload(element)
                        .invokestatic(KERNELS, "k_strided", MethodTypeDesc.of(CD_int, INTS, CD_int, CD_int, CD_int))
                        .iadd();
        }
    }

    private CodeBuilder param(int index) {
        return code.aload(PARAMS).loadConstant(index).invokevirtual(INTS, "get", MethodTypeDesc.of(CD_int, CD_int));
    }

    /** Pushes the place of an operand's first element in its arena. */
    private void offset(int operand) {
        code.aload(PARAMS)
                .iload(offsets)
                .loadConstant(operand)
                .iadd()
                .invokevirtual(INTS, "get", MethodTypeDesc.of(CD_int, CD_int));
    }

    private static ClassDesc description(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }
}
