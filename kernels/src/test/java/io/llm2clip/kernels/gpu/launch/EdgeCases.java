package io.llm2clip.kernels.gpu.launch;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.kernels.AttentionKernels;
import io.llm2clip.kernels.gpu.kernels.CrossEntropyKernels;
import io.llm2clip.kernels.gpu.kernels.MatmulKernels;
import io.llm2clip.kernels.gpu.kernels.RowKernels;
import io.llm2clip.kernels.gpu.kernels.SquareSumKernels;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.CrossEntropyOp;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Epilogue;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.IndexOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Reduction;
import io.llm2clip.kernels.operations.SoftmaxOp;
import io.llm2clip.kernels.operations.SquareSums;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Operations that random ones meet rarely: of shapes one below, at and one above every tile and group size, sums of as many terms as
 * are split into chunks, attention long enough for a library, and expressions that compilers of devices make one value of.
 */
public final class EdgeCases {

    private EdgeCases() {}

    public static Stream<KernelOp> operations() {
        List<KernelOp> ops = new ArrayList<>();
        for (int edge = -1; edge <= 1; edge++) {
            int group = RowKernels.GROUP + edge;
            int tile = MatmulKernels.TILE + edge;
            int depth = MatmulKernels.DEPTH + edge;
            for (boolean transposeA : new boolean[] {false, true}) {
                ops.add(Matmul.dense(2, tile, MatmulKernels.TILE - edge, depth, transposeA, !transposeA));
                ops.add(Matmul.dense(1, 2 * tile, tile, 2 * depth, transposeA, transposeA));
            }
            ops.add(new SoftmaxOp.Softmax(2, group));
            int terms = Chunks.MINIMUM + edge;
            ops.add(new NormOp.LayerNormGradient(terms, 5, 1e-3f));
            ops.add(new NormOp.RmsNormGradient(terms, 5, 1e-3f));
            ops.add(new NormOp.LayerNormGradient(2 * terms, 1, 1e-3f));
            // Of one run, of runs longer and shorter than chunks, and of single entries.
            for (int table : new int[] {1, 3, 30, 1000}) {
                ops.add(new IndexOp.ScatterAdd(2 * terms, table, 3));
            }
            ops.add(new IndexOp.ScatterAdd(terms, 2, 1));
            for (Reduction reduction : Reduction.values()) {
                ops.add(new Reduce(reduction, 2, terms, 3));
                ops.add(new Reduce(reduction, 2, terms * RowKernels.GROUP + edge, 1));
                ops.add(new Reduce(reduction, 1, 67 * terms, 2));
            }
            ops.add(new NormOp.LayerNormGradient(2, group, 1e-3f));
            ops.add(new CrossEntropyOp.CrossEntropyGradient(2, group));
            int classes = CrossEntropyKernels.MANY + edge;
            ops.add(new CrossEntropyOp.CrossEntropy(2, classes));
            ops.add(new CrossEntropyOp.CrossEntropyGradient(2, classes));
            // Some without elements, some of a block and a bit, as many as a launch takes and one fewer or more.
            ops.add(new SquareSums(IntStream.range(0, SquareSumKernels.INPUTS + edge)
                    .mapToObj(i -> i % 5 == 4 ? SquareSums.BLOCK + 3 : i)
                    .toList()));
            int rows = AttentionKernels.GROUP + edge;
            int keys = AttentionKernels.TILE + edge;
            AttentionShape cross = new AttentionShape(2, rows, keys, 4, 2, AttentionKernels.MAX_HEAD_SIZE, 0.1f, false);
            AttentionShape causal = new AttentionShape(1, rows, rows, 2, 1, 64, 0.1f, true);
            AttentionShape ragged = AttentionShape.ragged(7, 2 * rows + keys, 4, 2, 16, 0.2f, edge == 0);
            for (AttentionShape shape : List.of(cross, causal, ragged)) {
                ops.add(new AttentionOp.Attention(shape));
                ops.add(new AttentionOp.AttentionGradient(shape));
            }
        }
        AttentionShape manyCausal = new AttentionShape(2, 65, 65, 4, 2, 8, 0.3f, true);
        AttentionShape manyCross = new AttentionShape(3, 70, 67, 2, 2, 5, 0.3f, false);
        AttentionShape none = AttentionShape.ragged(0, 35, 2, 1, 4, 0.3f, false);
        for (AttentionShape shape : List.of(manyCausal, manyCross, none)) {
            ops.add(new AttentionOp.Attention(shape));
            ops.add(new AttentionOp.AttentionGradient(shape));
        }
        for (Opcode opcode : List.of(Opcode.ADD, Opcode.SUBTRACT, Opcode.MAXIMUM, Opcode.MINIMUM, Opcode.EQUAL)) {
            ops.add(ofProducts(opcode, 2, 2));
            ops.add(ofProducts(opcode, 2, 3));
            ops.add(ofProducts(opcode, 2, 4));
        }
        ops.add(guarded());
        for (DType format : MatrixOperand.FORMATS) {
            // Rows of several tiles and blocks, more than a tile of them.
            ops.add(Matmul.dense(2, 5, MatmulKernels.TILE + 1, 3 * MatmulKernels.DEPTH, false, true, format));
            ops.add(Matmul.dense(1, 33, 2 * MatmulKernels.TILE, 7, false, false, format));
            ops.add(Matmul.dense(1, 3, 4, 64, true, true, format)
                    .withEpilogue(new Epilogue(
                            new Expression(2, List.of(Instruction.binary(Opcode.MAXIMUM, 0, 1))),
                            List.of(Broadcast.ROW))));
            ops.add(new IndexOp.Gather(7, 5, 96, format));
        }
        ops.addAll(largeEpilogues());
        ops.add(withEpilogue(List.of(Broadcast.ROW)));
        ops.add(withEpilogue(List.of(Broadcast.FULL, Broadcast.SCALAR, Broadcast.ROW)));
        return ops.stream();
    }

    /** {@code inf > |1 / (b - b)| ? 0 : 1} and {@code a / (|b - b| > 0 ? b : inf)}, summed up: infinities as gradients of guarded roots have. */
    private static KernelOp guarded() {
        Expression expression = new Expression(
                2,
                List.of(
                        Instruction.constant(Float.POSITIVE_INFINITY),
                        Instruction.constant(1),
                        Instruction.binary(Opcode.SUBTRACT, 1, 1),
                        Instruction.binary(Opcode.DIVIDE, 3, 4),
                        Instruction.unary(Opcode.ABSOLUTE, 5),
                        Instruction.binary(Opcode.GREATER, 2, 6),
                        Instruction.select(7, 4, 3),
                        Instruction.unary(Opcode.ABSOLUTE, 4),
                        Instruction.binary(Opcode.GREATER, 9, 4),
                        Instruction.select(10, 1, 2),
                        Instruction.binary(Opcode.DIVIDE, 0, 11),
                        Instruction.binary(Opcode.ADD, 8, 12)));
        return new Elementwise(expression, List.of(7), List.of(List.of(1), List.of(1)));
    }

    /** Of as many operands as an expression has, of as many instructions, and of the longest code per instruction. */
    private static List<KernelOp> largeEpilogues() {
        List<KernelOp> ops = new ArrayList<>();
        Broadcast[] layouts = Broadcast.values();
        for (int extras : new int[] {2, 8, 12, Expression.MAX_VALUES / 2 - 1}) {
            ops.add(withEpilogue(IntStream.range(0, extras)
                    .mapToObj(i -> layouts[i % layouts.length])
                    .toList()));
        }
        for (Opcode opcode : List.of(Opcode.ERF, Opcode.SIGMOID, Opcode.MAXIMUM)) {
            List<Instruction> instructions = new ArrayList<>();
            for (int last = 0; last < Expression.MAX_VALUES - 2; last++) {
                instructions.add(new Instruction(opcode, last == 0 ? 0 : last + 1, 1, 0, 0));
            }
            ops.add(Matmul.dense(1, 9, 7, 5, false, true)
                    .withEpilogue(new Epilogue(new Expression(2, instructions), List.of(Broadcast.ROW))));
        }
        return ops;
    }

    /** {@code max(sum, extra0) * extra1 ...}. */
    private static KernelOp withEpilogue(List<Broadcast> extras) {
        List<Instruction> instructions = new ArrayList<>(List.of(Instruction.binary(Opcode.MAXIMUM, 0, 1)));
        for (int e = 1; e < extras.size(); e++) {
            instructions.add(Instruction.binary(Opcode.MULTIPLY, extras.size() + e, 1 + e));
        }
        Expression epilogue = new Expression(1 + extras.size(), instructions);
        return Matmul.dense(2, 9, 7, 5, false, true).withEpilogue(new Epilogue(epilogue, extras));
    }

    /** An opcode of two of: a product (2), the same product the other way around (3), the product negated (4). */
    private static KernelOp ofProducts(Opcode opcode, int a, int b) {
        Expression expression = new Expression(
                2,
                List.of(
                        Instruction.binary(Opcode.MULTIPLY, 0, 1),
                        Instruction.binary(Opcode.MULTIPLY, 1, 0),
                        Instruction.unary(Opcode.NEGATE, 3),
                        Instruction.binary(opcode, a, b)));
        return new Elementwise(expression, List.of(7), List.of(List.of(1), List.of(1)));
    }
}
