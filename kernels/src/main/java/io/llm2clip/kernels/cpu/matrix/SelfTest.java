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
    /** Of weights rounded to bf16; all else is exact in it. */
    private static final double TOLERANCE_OF_WEIGHTS = 0x1p-8;

    private static final List<KernelOp> OPERATIONS = List.of(
            Matmul.dense(1, 13, 35, 33, false, true),
            Matmul.dense(1, 13, 35, 33, true, false),
            Matmul.dense(1, 3, 33, 32, false, true, DType.BF16),
            new AttentionOp.Attention(new AttentionShape(1, 9, 9, 2, 1, 8, 0.3f, true)),
            new AttentionOp.AttentionGradient(new AttentionShape(1, 9, 9, 2, 1, 8, 0.3f, true)),
            new AttentionOp.Attention(AttentionShape.ragged(2, 23, 2, 1, 8, 0.3f, false)));

    /** Of units that multiply integers. */
    private static final List<KernelOp> QUANTIZED = List.of(
            Matmul.dense(1, 13, 35, 96, false, true, DType.Q8),
            Matmul.dense(1, 13, 35, 96, false, true, DType.Q4),
            Matmul.dense(1, 13, 35, 96, false, true, DType.Q4_1));

    private SelfTest() {}

    static Optional<String> run(MatrixUnit unit, MatrixWork work) {
        try (Workers workers = new Workers(1)) {
            for (KernelOp op : unit.precision() == MatrixPrecision.INT8 ? QUANTIZED : OPERATIONS) {
                if (MatrixWork.of(op) == work && unit.supports(op)) {
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
            MemorySegment[] expected = operands.clone();
            for (int i = op.inputs().size(); i < operands.length; i++) {
                expected[i] = arena.allocate(operands[i].byteSize(), 64);
            }
            Reference.run(op, expected);
            Optional<String> failure = compare(unit, op, operands, expected, workers);
            Packing packing = op instanceof Matmul matmul ? unit.packing(matmul) : null;
            if (failure.isEmpty() && packing != null && op instanceof Matmul matmul) {
                MemorySegment packed = arena.allocate(packing.bytes(), 64);
                unit.pack(packing, matmul.b(), operands[1], packed, workers);
                operands[1] = packed;
                failure = compare(unit, matmul.withB(matmul.b().packed(packing)), operands, expected, workers);
            }
            return failure;
        }
    }

    private static MemorySegment operand(Operand operand, Arena arena) {
        MemorySegment segment = arena.allocate(operand.bytes(), 64);
        Random random = new Random(operand.elements());
        for (long i = 0; i < operand.elements() && operand.access() == Operand.Access.READ; i++) {
            // Blocks whose greatest magnitude is 127 steps lose nothing in int8.
            float value = (i % 32 == 0 ? 127 : random.nextInt(-127, 128)) / 64f;
            switch (operand.dtype()) {
                case Q8, Q4, Q4_1 -> {
                    if (i % 32 == 0) {
                        block(operand.dtype(), segment, i, random);
                    }
                }
                case I32 -> segment.setAtIndex(ValueLayout.JAVA_INT, i, 7 * (int) (i + 1));
                case BF16 ->
                    segment.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(value) >>> 16));
                default -> segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
            }
        }
        return segment;
    }

    private static void block(DType format, MemorySegment segment, long element, Random random) {
        byte[] numbers = new byte[Math.toIntExact(format.bytes(32L))];
        random.nextBytes(numbers);
        long at = format.bytes(element);
        MemorySegment.copy(numbers, 0, segment, ValueLayout.JAVA_BYTE, at, numbers.length);
        for (int number = 0; number < format.headerBytes(); number += Short.BYTES) {
            short half = Float.floatToFloat16(random.nextInt(-8, 9) / 256f);
            segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + number, half);
        }
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

    private static Optional<String> compare(
            MatrixUnit unit, KernelOp op, MemorySegment[] operands, MemorySegment[] expected, Workers workers) {
        int inputs = op.inputs().size();
        for (int i = inputs; i < operands.length; i++) {
            operands[i].fill((byte) -1);
        }
        bind(unit, op, operands, workers).run();
        boolean exact = op instanceof Matmul || unit.precision() != MatrixPrecision.BF16;
        double tolerance = exact ? TOLERANCE : TOLERANCE_OF_WEIGHTS;
        for (int i = inputs; i < operands.length; i++) {
            float[] wanted = expected[i].toArray(ValueLayout.JAVA_FLOAT);
            for (int e = 0; e < wanted.length; e++) {
                float found = operands[i].getAtIndex(ValueLayout.JAVA_FLOAT, e);
                // Not within, rather than beyond, so that NaN is a failure.
                if (!(Math.abs(found - wanted[e]) <= tolerance * (1 + Math.abs(wanted[e])))) {
                    return Optional.of(
                            "its self-test found " + found + " where " + wanted[e] + " was expected, in " + op);
                }
            }
        }
        return Optional.empty();
    }
}
