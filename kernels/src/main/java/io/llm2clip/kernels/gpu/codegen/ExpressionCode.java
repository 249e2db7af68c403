package io.llm2clip.kernels.gpu.codegen;

import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;

import io.llm2clip.kernels.gpu.dialect.FloatBuf;
import io.llm2clip.kernels.gpu.dialect.IntBuf;
import io.llm2clip.kernels.gpu.dialect.KMath;
import io.llm2clip.kernels.gpu.dialect.ShortBuf;
import io.llm2clip.kernels.gpu.kernels.ScalarFunctions;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.Opcode;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/** Straight-line code of one expression in the kernels' dialect, a local variable per value. */
final class ExpressionCode implements Computation {
    static final ClassDesc FLOATS = description(FloatBuf.class);
    static final ClassDesc INTS = description(IntBuf.class);
    static final ClassDesc WORDS = description(ShortBuf.class);
    static final MethodTypeDesc READ_FLOAT = MethodTypeDesc.of(CD_float, CD_int);
    static final MethodTypeDesc READ_INT = MethodTypeDesc.of(CD_int, CD_int);

    private static final ClassDesc FUNCTIONS = description(ScalarFunctions.class);
    private static final ClassDesc MATH = description(KMath.class);

    private final CodeBuilder code;
    private final Expression expression;
    private final int scalars;
    private final int[] values;
    /** For each value the first one that is computed in the same way. */
    private final int[] first;

    /** @param scalars slot of the buffer with the literals */
    ExpressionCode(CodeBuilder code, Expression expression, int scalars) {
        this.code = code;
        this.expression = expression;
        this.scalars = scalars;
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

    @Override
    public void storeInput(int input) {
        code.fstore(values[input]);
    }

    @Override
    public void compute() {
        for (int i = 0; i < expression.instructions().size(); i++) {
            int value = expression.inputs() + i;
            if (first[value] == value) {
                emit(expression.instructions().get(i), i);
                code.fstore(values[value]);
            }
        }
    }

    @Override
    public void loadResult() {
        load(expression.result());
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
            case CONSTANT -> code.aload(scalars).loadConstant(number).invokevirtual(FLOATS, "get", READ_FLOAT);
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
        for (int operand : instruction.operands()) {
            load(operand);
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
            case SUBTRACT -> b >= expression.inputs() && isNegated(b, a);
            default -> false;
        };
    }

    private boolean isNegated(int value, int of) {
        Instruction instruction = expression.instructions().get(value - expression.inputs());
        return instruction.opcode() == Opcode.NEGATE && first[instruction.a()] == of;
    }

    private void call(ClassDesc owner, String name, Instruction instruction) {
        MethodTypeDesc type = MethodTypeDesc.of(
                CD_float, Collections.nCopies(instruction.opcode().arity(), CD_float));
        operands(instruction).invokestatic(owner, name, type);
    }

    private static ClassDesc description(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }
}
