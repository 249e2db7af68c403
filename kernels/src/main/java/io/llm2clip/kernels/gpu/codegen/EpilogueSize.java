package io.llm2clip.kernels.gpu.codegen;

import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Opcode;

/**
 * How large the code of a matmul's epilogue is for a device's compiler, in nodes of its graph: TornadoVM compiles no kernel that calls a
 * method of more than 600. The numbers are somewhat above what it was seen to count.
 */
public final class EpilogueSize {
    /** Some fewer than the compiler takes, as other versions may count otherwise. */
    private static final int MAX_NODES = 500;

    private static final int METHOD = 30;
    /** An extra operand: it is read, by an offset and three strides that are read, too. */
    private static final int EXTRA = 70;

    private static final int INTERPRETER = 280;

    private EpilogueSize() {}

    /** Whether the code of an epilogue may be a part of a matmul's kernel. */
    public static boolean fits(Expression epilogue) {
        int nodes = METHOD + EXTRA * (epilogue.inputs() - 1);
        for (Expression.Instruction instruction : epilogue.instructions()) {
            nodes += nodes(instruction.opcode());
        }
        return nodes <= MAX_NODES;
    }

    /** Whether code that interprets epilogues of so many extra operands may be. */
    public static boolean fitsInterpreted(int extras) {
        return INTERPRETER + EXTRA * extras <= MAX_NODES;
    }

    private static int nodes(Opcode opcode) {
        return switch (opcode) {
            case ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATE, ABSOLUTE, EXP, LOG, SQRT, TANH, SIN, COS -> 3;
            case RSQRT, SIGMOID -> 6;
            case GREATER, EQUAL, SELECT -> 11;
            case CONSTANT -> 14;
            case MAXIMUM, MINIMUM -> 34;
            case ERF -> 52;
        };
    }
}
