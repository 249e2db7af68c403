package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** A few operations, small ones with edges on all sides, whose results the reference knows. */
final class SelfTest {
    private static final double TOLERANCE = 1e-4;

    private static final List<KernelOp> OPERATIONS = List.of(
            Matmul.dense(1, 13, 35, 33, false, true),
            Matmul.dense(1, 13, 35, 33, true, false),
            Matmul.dense(1, 3, 33, 32, false, true, DType.BF16),
            new AttentionOp.Attention(new AttentionShape(1, 9, 9, 2, 1, 8, 0.3f, true)),
            new AttentionOp.AttentionGradient(new AttentionShape(1, 9, 9, 2, 1, 8, 0.3f, true)));

    private SelfTest() {}

    static Optional<String> run(MatrixUnit unit) {
        try (Workers workers = new Workers(1)) {
            for (KernelOp op : OPERATIONS) {
                if (unit.supports(op)) {
                    Optional<String> failure = run(unit, op, workers);
                    if (failure.isPresent()) {
                        return failure;
                    }
                }
            }
            return Optional.empty();
        } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
            return Optional.of("its self-test failed with " + e);
        }
    }

    private static Optional<String> run(MatrixUnit unit, KernelOp op, Workers workers) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment[] operands = op.operands().stream()
                    .map(operand -> operand(operand, arena))
                    .toArray(MemorySegment[]::new);
            MemorySegment out = operands[operands.length - 1];
            Reference.run(op, operands);
            float[] expected = out.toArray(ValueLayout.JAVA_FLOAT);
            out.fill((byte) -1);
            bind(unit, op, operands, workers).run();
            Optional<String> failure = compare(op, expected, out);
            Packing packing = op instanceof Matmul matmul ? unit.packing(matmul) : null;
            if (failure.isEmpty() && packing != null && op instanceof Matmul matmul) {
                MemorySegment packed = arena.allocate(packing.bytes(), 64);
                unit.pack(packing, matmul.b(), operands[1], packed, workers);
                out.fill((byte) -1);
                operands[1] = packed;
                Matmul same = matmul.withB(matmul.b().packed(packing));
                bind(unit, same, operands, workers).run();
                failure = compare(same, expected, out);
            }
            return failure;
        }
    }

    private static MemorySegment operand(Operand operand, Arena arena) {
        MemorySegment segment = arena.allocate(operand.bytes(), 64);
        Random random = new Random(operand.elements());
        for (long i = 0; i < operand.elements() && operand.access() == Operand.Access.READ; i++) {
            float value = random.nextInt(-128, 129) / 64f;
            switch (operand.dtype()) {
                case I32 -> segment.setAtIndex(ValueLayout.JAVA_INT, i, 7);
                case BF16 ->
                    segment.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(value) >>> 16));
                default -> segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
            }
        }
        return segment;
    }

    private static Launch bind(MatrixUnit unit, KernelOp op, MemorySegment[] operands, Workers workers) {
        long[] addresses = new long[operands.length];
        for (int i = 0; i < addresses.length; i++) {
            addresses[i] = operands[i].address();
        }
        return switch (op) {
            case Matmul o -> unit.matmul(o, addresses, workers);
            case AttentionOp.Attention o -> unit.attention(o, addresses, workers);
            case AttentionOp.AttentionGradient o -> unit.attentionGradient(o, addresses, workers);
            default -> throw new IllegalArgumentException(op + " is no operation of a matrix unit.");
        };
    }

    private static Optional<String> compare(KernelOp op, float[] expected, MemorySegment out) {
        for (int i = 0; i < expected.length; i++) {
            float found = out.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            // Not within, rather than beyond, so that NaN is a failure.
            if (!(Math.abs(found - expected[i]) <= TOLERANCE * (1 + Math.abs(expected[i])))) {
                return Optional.of(
                        "its self-test found " + found + " where " + expected[i] + " was expected, in " + op);
            }
        }
        return Optional.empty();
    }
}
