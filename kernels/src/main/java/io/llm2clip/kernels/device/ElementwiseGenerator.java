package io.llm2clip.kernels.device;

import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;

import io.llm2clip.kernels.Expression;
import io.llm2clip.kernels.Expression.Instruction;
import io.llm2clip.kernels.Opcode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Generates the class file of {@link ElementwiseKernels} with the code of one expression in the place of the interpreter:
 * straight-line code in the dialect, which the emulator runs and the relinker takes as if it had been compiled from source.
 */
final class ElementwiseGenerator {
    private static final ClassDesc KERNELS = description(ElementwiseKernels.class);
    private static final ClassDesc FUNCTIONS = description(ScalarFunctions.class);
    private static final ClassDesc MATH = description(KMath.class);
    private static final ClassDesc CONTEXT = description(KernelContext.class);
    private static final ClassDesc FLOATS = description(FloatBuf.class);
    private static final ClassDesc INTS = description(IntBuf.class);
    private static final List<String> PARAMETERS = List.of("context", "floats", "params", "scalars");
    private static final MethodTypeDesc READ_FLOAT = MethodTypeDesc.of(CD_float, CD_int);
    private static final MethodTypeDesc READ_INT = MethodTypeDesc.of(CD_int, CD_int);

    private final CodeBuilder code;
    private final Expression expression;
    private final List<InputLayout> layouts;
    private final int element;
    private final int rank;
    private final int offsets;
    private final int[] values;
    /** For each value the first one that is computed in the same way. */
    private final int[] first;

    private ElementwiseGenerator(CodeBuilder code, Expression expression, List<InputLayout> layouts) {
        this.code = code;
        this.expression = expression;
        this.layouts = layouts;
        element = code.allocateLocal(TypeKind.INT);
        rank = code.allocateLocal(TypeKind.INT);
        offsets = code.allocateLocal(TypeKind.INT);
        values = new int[expression.result() + 1];
        for (int v = 0; v < values.length; v++) {
            values[v] = code.allocateLocal(TypeKind.FLOAT);
        }
        first = equalValues(expression);
    }

    /** Each value's first equal one, as far as equal operands tell. */
    private static int[] equalValues(Expression expression) {
        int[] first = new int[expression.result() + 1];
        Map<Instruction, Integer> known = new HashMap<>();
        for (int v = 0; v < first.length; v++) {
            first[v] = v;
            if (v >= expression.inputs()) {
                Instruction i = expression.instructions().get(v - expression.inputs());
                int arity = i.opcode().arity();
                int a = arity > 0 ? first[i.a()] : 0;
                int b = arity > 1 ? first[i.b()] : 0;
                int c = arity > 2 ? first[i.c()] : 0;
                boolean swaps = b < a && (i.opcode() == Opcode.ADD || i.opcode() == Opcode.MULTIPLY);
                if (i.opcode() != Opcode.CONSTANT) {
                    Instruction same = new Instruction(i.opcode(), swaps ? b : a, swaps ? a : b, c, 0);
                    first[v] = known.merge(same, v, Math::min);
                }
            }
        }
        return first;
    }

    /** The class file for an expression, whose literals stay parameters, with its inputs in some layouts. */
    static byte[] generate(Expression expression, List<InputLayout> layouts) {
        ClassFile file = ClassFile.of();
        return file.transformClass(file.parse(original()), (builder, member) -> {
            if (member instanceof MethodModel method && method.methodName().equalsString(ElementwiseKernels.NAME)) {
                builder.withMethodBody(
                        method.methodName(),
                        method.methodType(),
                        method.flags().flagsMask(),
                        code -> new ElementwiseGenerator(code, expression, layouts).emit(method));
            } else {
                builder.with(member);
            }
        });
    }

    private static byte[] original() {
        String resource = ElementwiseKernels.class.getSimpleName() + ".class";
        try (InputStream in = ElementwiseKernels.class.getResourceAsStream(resource)) {
            return Objects.requireNonNull(in, resource).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("Class file " + resource + " cannot be read.", e);
        }
    }

    private void emit(MethodModel method) {
        Label end = code.newLabel();
        for (int p = 0; p < PARAMETERS.size(); p++) {
            // Device compilers take the parameters from this table.
            code.localVariable(
                    p,
                    PARAMETERS.get(p),
                    method.methodTypeSymbol().parameterType(p),
                    code.startLabel(),
                    code.endLabel());
        }
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
            code.aload(1);
            offset(i);
            index(i);
            code.invokevirtual(FLOATS, "get", READ_FLOAT).fstore(values[i]);
        }
        for (int i = 0; i < expression.instructions().size(); i++) {
            int value = layouts.size() + i;
            if (first[value] == value) {
                emit(expression.instructions().get(i), i);
                code.fstore(values[value]);
            }
        }
        code.aload(1);
        offset(layouts.size());
        code.iload(element)
                .iadd()
                .fload(values[first[values.length - 1]])
                .invokevirtual(FLOATS, "set", MethodTypeDesc.of(CD_void, CD_int, CD_float))
                .labelBinding(end)
                .return_();
    }

    /** Adds what leads from an input's first element to the current one. */
    private void index(int input) {
        switch (layouts.get(input)) {
            case SCALAR -> {}
            case DENSE -> code.iload(element).iadd();
            case STRIDED ->
                code.aload(2)
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

    private void emit(Instruction instruction, int number) {
        if (combinesEquals(instruction)) {
            // TornadoVM fails to compile a product that is added to itself, which k_maximum would do, too.
            load(instruction.a());
            if (instruction.opcode() == Opcode.ADD || instruction.opcode() == Opcode.SUBTRACT) {
                code.fconst_2().fmul();
            }
            return;
        }
        switch (instruction.opcode()) {
            case CONSTANT -> code.aload(3).loadConstant(number).invokevirtual(FLOATS, "get", READ_FLOAT);
            case ADD -> operands(instruction).fadd();
            case SUBTRACT -> operands(instruction).fsub();
            case MULTIPLY -> operands(instruction).fmul();
            case DIVIDE -> operands(instruction).fdiv();
            case NEGATE -> operands(instruction).fneg();
            case ABSOLUTE -> call(MATH, "abs", instruction);
            case EXP -> call(MATH, "exp", instruction);
            case LOG -> call(MATH, "log", instruction);
            case SQRT -> call(MATH, "sqrt", instruction);
            case TANH -> call(MATH, "tanh", instruction);
            case SIN -> call(MATH, "sin", instruction);
            case COS -> call(MATH, "cos", instruction);
            case MAXIMUM -> call(FUNCTIONS, "k_maximum", instruction);
            case MINIMUM -> call(FUNCTIONS, "k_minimum", instruction);
            case RSQRT -> call(FUNCTIONS, "k_rsqrt", instruction);
            case ERF -> call(FUNCTIONS, "k_erf", instruction);
            case SIGMOID -> call(FUNCTIONS, "k_sigmoid", instruction);
            case GREATER -> call(FUNCTIONS, "k_greater", instruction);
            case EQUAL -> call(FUNCTIONS, "k_equal", instruction);
            case SELECT -> call(FUNCTIONS, "k_select", instruction);
        }
    }

    private CodeBuilder operands(Instruction instruction) {
        int[] operands = {instruction.a(), instruction.b(), instruction.c()};
        for (int o = 0; o < instruction.opcode().arity(); o++) {
            load(operands[o]);
        }
        return code;
    }

    private void load(int value) {
        code.fload(values[first[value]]);
    }

    /** Whether it is {@code x + x}, {@code x - -x}, {@code max(x, x)} or {@code min(x, x)}. */
    private boolean combinesEquals(Instruction instruction) {
        int a = first[instruction.a()];
        int b = first[instruction.b()];
        return switch (instruction.opcode()) {
            case ADD, MAXIMUM, MINIMUM -> a == b;
            case SUBTRACT ->
                b >= layouts.size() && isNegated(expression.instructions().get(b - layouts.size()), a);
            default -> false;
        };
    }

    private boolean isNegated(Instruction instruction, int value) {
        return instruction.opcode() == Opcode.NEGATE && first[instruction.a()] == value;
    }

    private void call(ClassDesc owner, String name, Instruction instruction) {
        ClassDesc[] types = new ClassDesc[instruction.opcode().arity()];
        Arrays.fill(types, CD_float);
        operands(instruction).invokestatic(owner, name, MethodTypeDesc.of(CD_float, types));
    }

    private CodeBuilder param(int index) {
        return code.aload(2).loadConstant(index).invokevirtual(INTS, "get", READ_INT);
    }

    /** Pushes the place of an operand's first element in its arena. */
    private void offset(int operand) {
        code.aload(2).iload(offsets).loadConstant(operand).iadd().invokevirtual(INTS, "get", READ_INT);
    }

    private static ClassDesc description(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }
}
