package io.llm2clip.kernels.cpu.elementwise;

import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.simd.VectorMath;
import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.Opcode;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.AccessFlag;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Generates an {@link ExpressionLoop}: every vector is read once, goes through all instructions in registers, and is written once.
 * The same Vector API calls in the same order as {@link ExpressionLoops}, so the results have the same bits, but for the sign of a
 * NaN, which the JVM leaves to its compilers.
 */
final class ExpressionLoopCompiler {
    private static final ClassDesc VECTOR = description(FloatVector.class);
    private static final ClassDesc ANY_VECTOR = description(Vector.class);
    private static final ClassDesc MASK = description(VectorMask.class);
    private static final ClassDesc SPECIES = description(VectorSpecies.class);
    private static final ClassDesc SEGMENT = description(MemorySegment.class);
    private static final ClassDesc ORDER = description(ByteOrder.class);
    private static final ClassDesc MATH = description(VectorMath.class);
    private static final ClassDesc COMPARISON = description(VectorOperators.Comparison.class);
    private static final MethodTypeDesc UNARY = MethodTypeDesc.of(VECTOR);
    private static final MethodTypeDesc BINARY = MethodTypeDesc.of(VECTOR, ANY_VECTOR);
    private static final MethodTypeDesc FUNCTION = MethodTypeDesc.of(VECTOR, VECTOR);
    private static final MethodTypeDesc RUN =
            MethodTypeDesc.of(CD_void, CD_int, CD_long.arrayType(), CD_float.arrayType(), CD_long);

    private final CodeBuilder code;
    private final ExpressionShape shape;
    private final int[] values;
    private final int[] addresses;
    private final int offset;

    private ExpressionLoopCompiler(CodeBuilder code, ExpressionShape shape) {
        this.code = code;
        this.shape = shape;
        values = new int[shape.values()];
        for (int v = 0; v < values.length; v++) {
            values[v] = code.allocateLocal(TypeKind.REFERENCE);
        }
        addresses = new int[shape.inputs()];
        for (int i = 0; i < addresses.length; i++) {
            addresses[i] = code.allocateLocal(TypeKind.LONG);
        }
        offset = code.allocateLocal(TypeKind.LONG);
    }

    /** A loop for all expressions of a shape, slow until the JVM has compiled it. */
    static ExpressionLoop compile(ExpressionShape shape) {
        ClassDesc name = ClassDesc.of(ExpressionLoop.class.getPackageName(), "GeneratedLoop");
        byte[] bytes = ClassFile.of()
                .build(
                        name,
                        builder -> builder.withFlags(AccessFlag.FINAL, AccessFlag.SUPER)
                                .withInterfaceSymbols(description(ExpressionLoop.class))
                                .withMethodBody(
                                        "run",
                                        RUN,
                                        ClassFile.ACC_PUBLIC,
                                        code -> new ExpressionLoopCompiler(code, shape).emit())
                                .withMethodBody(
                                        ConstantDescs.INIT_NAME,
                                        ConstantDescs.MTD_void,
                                        0,
                                        code -> code.aload(0)
                                                .invokespecial(
                                                        ConstantDescs.CD_Object,
                                                        ConstantDescs.INIT_NAME,
                                                        ConstantDescs.MTD_void)
                                                .return_()));
        try {
            return (ExpressionLoop) MethodHandles.lookup()
                    .defineHiddenClass(bytes, true)
                    .lookupClass()
                    .getDeclaredConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("A loop for " + shape + " cannot be generated.", e);
        }
    }

    private void emit() {
        for (int i = 0; i < addresses.length; i++) {
            code.aload(code.parameterSlot(1)).loadConstant(i).laload();
            if (shape.isUniform(i)) {
                code.invokestatic(description(Memory.class), "getFloat", MethodTypeDesc.of(CD_float, CD_long));
                broadcast(i);
            } else {
                code.lstore(addresses[i]);
            }
        }
        emit(true);
        code.lconst_0().lstore(offset);
        int vector = code.allocateLocal(TypeKind.INT);
        code.iconst_0().istore(vector);
        Label head = code.newBoundLabel();
        Label end = code.newLabel();
        code.iload(vector).iload(code.parameterSlot(0)).if_icmpge(end);
        for (int i = 0; i < addresses.length; i++) {
            if (!shape.isUniform(i)) {
                code.getstatic(MATH, "SPECIES", SPECIES);
                memory(addresses[i]);
                code.invokestatic(
                                VECTOR,
                                "fromMemorySegment",
                                MethodTypeDesc.of(VECTOR, SPECIES, SEGMENT, CD_long, ORDER))
                        .astore(values[i]);
            }
        }
        emit(false);
        code.aload(values[values.length - 1]);
        memory(code.parameterSlot(3));
        code.invokevirtual(VECTOR, "intoMemorySegment", MethodTypeDesc.of(CD_void, SEGMENT, CD_long, ORDER));
        code.lload(offset).loadConstant((long) Vectors.BYTES).ladd().lstore(offset);
        code.iinc(vector, 1).goto_(head).labelBinding(end).return_();
    }

    /** The instructions whose results are, or are not, the same for all elements. */
    private void emit(boolean uniform) {
        for (int v = addresses.length; v < values.length; v++) {
            if (shape.isUniform(v) == uniform) {
                emit(shape.instruction(v), v);
            }
        }
    }

    private void emit(Instruction instruction, int value) {
        if (instruction.opcode() == Opcode.CONSTANT) {
            code.aload(code.parameterSlot(2))
                    .loadConstant(value - addresses.length)
                    .faload();
            broadcast(value);
            return;
        }
        if (instruction.opcode() == Opcode.SELECT) {
            load(instruction.b()).aload(values[instruction.c()]);
            load(instruction.a()).fconst_0().invokevirtual(VECTOR, "eq", MethodTypeDesc.of(MASK, CD_float));
            code.invokevirtual(VECTOR, "blend", MethodTypeDesc.of(VECTOR, ANY_VECTOR, MASK))
                    .astore(values[value]);
            return;
        }
        load(instruction.a());
        switch (instruction.opcode()) {
            case ADD -> binary("add", instruction);
            case SUBTRACT -> binary("sub", instruction);
            case MULTIPLY -> binary("mul", instruction);
            case DIVIDE -> binary("div", instruction);
            case MAXIMUM -> binary("max", instruction);
            case MINIMUM -> binary("min", instruction);
            case NEGATE -> code.invokevirtual(VECTOR, "neg", UNARY);
            case ABSOLUTE -> code.invokevirtual(VECTOR, "abs", UNARY);
            case SQRT -> code.invokevirtual(VECTOR, "sqrt", UNARY);
            case EXP -> function("exp");
            case LOG -> function("log");
            case RSQRT -> function("rsqrt");
            case TANH -> function("tanh");
            case ERF -> function("erf");
            case SIGMOID -> function("sigmoid");
            case SIN -> function("sin");
            case COS -> function("cos");
            case GREATER -> {
                code.getstatic(description(VectorOperators.class), "GT", COMPARISON)
                        .aload(values[instruction.b()])
                        .invokevirtual(VECTOR, "compare", MethodTypeDesc.of(MASK, COMPARISON, ANY_VECTOR));
                indicator();
            }
            case EQUAL -> {
                code.aload(values[instruction.b()]).invokevirtual(VECTOR, "eq", MethodTypeDesc.of(MASK, ANY_VECTOR));
                indicator();
            }
            case CONSTANT, SELECT -> throw new AssertionError(instruction);
        }
        code.astore(values[value]);
    }

    private CodeBuilder load(int value) {
        return code.aload(values[value]);
    }

    private void binary(String method, Instruction instruction) {
        code.aload(values[instruction.b()]).invokevirtual(VECTOR, method, BINARY);
    }

    private void function(String method) {
        code.invokestatic(MATH, method, FUNCTION);
    }

    private void indicator() {
        code.invokestatic(MATH, "indicator", MethodTypeDesc.of(VECTOR, MASK));
    }

    /** Repeats the float on the stack in all lanes of a value. */
    private void broadcast(int value) {
        code.invokestatic(description(Vectors.class), "broadcast", MethodTypeDesc.of(VECTOR, CD_float))
                .astore(values[value]);
    }

    /** Pushes segment, address and byte order of the current vector. */
    private void memory(int address) {
        code.getstatic(description(Memory.class), "ALL", SEGMENT)
                .lload(address)
                .lload(offset)
                .ladd()
                .getstatic(description(Vectors.class), "ORDER", ORDER);
    }

    private static ClassDesc description(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }
}
