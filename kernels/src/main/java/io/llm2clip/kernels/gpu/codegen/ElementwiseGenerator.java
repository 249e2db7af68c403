package io.llm2clip.kernels.gpu.codegen;

import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import io.llm2clip.kernels.gpu.dialect.KernelContext;
import io.llm2clip.kernels.gpu.kernels.ElementwiseKernels;
import io.llm2clip.kernels.operations.Expression;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Generates elementwise kernels, as {@link ElementwiseKernels} describes them. */
final class ElementwiseGenerator {
    private static final ClassDesc KERNELS = description(ElementwiseKernels.class);
    private static final ClassDesc CONTEXT = description(KernelContext.class);
    /** Slots of the parameters: after the context, the inputs and the output. */
    private static final int INPUTS = 1;

    private final CodeBuilder code;
    private final List<InputLayout> layouts;
    private final int out;
    private final int params;
    private final int scalars;
    private final int element;
    private final int rank;
    private final int operands;

    private ElementwiseGenerator(CodeBuilder code, List<InputLayout> layouts) {
        this.code = code;
        this.layouts = layouts;
        out = INPUTS + layouts.size();
        params = out + 1;
        scalars = out + 2;
        element = code.allocateLocal(TypeKind.INT);
        rank = code.allocateLocal(TypeKind.INT);
        operands = code.allocateLocal(TypeKind.INT);
    }

    /** Adds a kernel of one expression, whose inputs have some layouts. */
    static void add(ClassBuilder builder, Expression expression, List<InputLayout> layouts) {
        add(builder, layouts, kernel -> new ExpressionCode(kernel.code, expression, kernel.scalars));
    }

    /** Adds a kernel that interprets expressions of a number of inputs. */
    static void addInterpreter(ClassBuilder builder, int inputs) {
        List<InputLayout> layouts = new ArrayList<>();
        for (int i = 0; i < inputs; i++) {
            layouts.add(InputLayout.STRIDED);
        }
        add(builder, layouts, kernel -> {
            // The code is between the strides and the operands' offsets.
            kernel.code.iload(kernel.operands);
            kernel.param(3).loadConstant(ElementwiseKernels.INSTRUCTION).imul().iadd();
            kernel.code.istore(kernel.operands);
            return new InterpreterCode(kernel.code, inputs, kernel.params, kernel.scalars, () -> {
                kernel.param(3);
                kernel.pushStrides(inputs);
            });
        });
    }

    private static void add(
            ClassBuilder builder, List<InputLayout> layouts, Function<ElementwiseGenerator, Computation> computation) {
        List<ClassDesc> types = new ArrayList<>(List.of(CONTEXT));
        List<String> names = new ArrayList<>(List.of("context"));
        for (int i = 0; i < layouts.size(); i++) {
            types.add(ExpressionCode.FLOATS);
            names.add("in" + i);
        }
        types.addAll(List.of(ExpressionCode.FLOATS, ExpressionCode.INTS, ExpressionCode.FLOATS));
        names.addAll(List.of("out", "params", "scalars"));
        builder.withMethodBody(
                ElementwiseKernels.NAME, MethodTypeDesc.of(CD_void, types), ClassFile.ACC_STATIC, code -> {
                    for (int slot = 0; slot < names.size(); slot++) {
                        code.localVariable(slot, names.get(slot), types.get(slot), code.startLabel(), code.endLabel());
                    }
                    new ElementwiseGenerator(code, layouts).emit(computation);
                });
    }

    private void emit(Function<ElementwiseGenerator, Computation> computation) {
        Label end = code.newLabel();
        code.aload(0).getfield(CONTEXT, "globalIdx", CD_int).istore(element);
        code.iload(element);
        param(0).if_icmpge(end);
        param(1).istore(rank);
        pushStrides(layouts.size());
        code.istore(operands);
        Computation expression = computation.apply(this);
        for (int i = 0; i < layouts.size(); i++) {
            code.aload(INPUTS + i);
            offset(i);
            index(i);
            code.invokevirtual(ExpressionCode.FLOATS, "get", ExpressionCode.READ_FLOAT);
            expression.storeInput(i);
        }
        expression.compute();
        code.aload(out);
        offset(layouts.size());
        code.iload(element).iadd();
        expression.loadResult();
        code.invokevirtual(ExpressionCode.FLOATS, "set", MethodTypeDesc.of(CD_void, CD_int, CD_float))
                .labelBinding(end)
                .return_();
    }

    /** Pushes where in the params the strides of an input begin, or what follows those of the last one. */
    private void pushStrides(int input) {
        code.loadConstant(ElementwiseKernels.HEADER)
                .iload(rank)
                .loadConstant(input + 1)
                .imul()
                .iadd();
    }

    /** Adds the distance from an input's first element to the current one. */
    private void index(int input) {
        switch (layouts.get(input)) {
            case SCALAR -> {}
            case DENSE -> code.iload(element).iadd();
            case STRIDED -> {
                code.aload(params);
                pushStrides(input);
                code.iload(rank)
                        .iload(element)
                        .invokestatic(
                                KERNELS,
                                "k_strided",
                                MethodTypeDesc.of(CD_int, ExpressionCode.INTS, CD_int, CD_int, CD_int))
                        .iadd();
            }
        }
    }

    private CodeBuilder param(int index) {
        return code.aload(params)
                .loadConstant(index)
                .invokevirtual(ExpressionCode.INTS, "get", ExpressionCode.READ_INT);
    }

    /** Pushes the offset of an operand's first element in its arena. */
    private void offset(int operand) {
        code.aload(params)
                .iload(operands)
                .loadConstant(operand)
                .iadd()
                .invokevirtual(ExpressionCode.INTS, "get", ExpressionCode.READ_INT);
    }

    private static ClassDesc description(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }
}
