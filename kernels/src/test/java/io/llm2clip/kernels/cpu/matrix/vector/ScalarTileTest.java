package io.llm2clip.kernels.cpu.matrix.vector;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.runtime.ColdStart;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Loops of numbers give the bits of the kernels that they stand in for. */
class ScalarTileTest {
    /** With machine code nothing stands in. */
    @BeforeEach
    void withoutMachineCode() {
        System.setProperty("llm2clip.machine", "false");
    }

    @AfterEach
    void warm() {
        System.clearProperty("llm2clip.machine");
        ColdStart.end();
    }

    static Stream<KernelOp> operations() {
        return Stream.of(
                Matmul.dense(1, 13, 35, 33, false, true),
                Matmul.dense(1, 64, 64, 100, false, false),
                Matmul.dense(1, 31, 70, 64, true, false),
                Matmul.dense(3, 9, 33, 1, false, true),
                Matmul.dense(1, 3, 33, 32, false, true, DType.BF16),
                new AttentionOp.Attention(new AttentionShape(1, 19, 19, 2, 1, 8, 0.3f, true)),
                new AttentionOp.AttentionGradient(new AttentionShape(1, 9, 9, 2, 1, 8, 0.3f, false)));
    }

    @ParameterizedTest
    @MethodSource("operations")
    void computesTheSameBits(KernelOp op) {
        try (Arena arena = Arena.ofShared();
                Workers workers = new Workers(2)) {
            List<MemorySegment> operands = op.operands().stream()
                    .map(operand -> operand(operand, arena))
                    .toList();
            List<ByteBuffer> expected = results(op, operands, workers);
            ColdStart.begin(1_000_000_000);
            assertThat(results(op, operands, workers)).isEqualTo(expected);
            assertThat(ColdStart.isCold(1)).isTrue();
            // What it computed is counted: all of it is too much for the rest.
            assertThat(ColdStart.isCold(999_999_998)).isFalse();
        }
    }

    private static List<ByteBuffer> results(KernelOp op, List<MemorySegment> operands, Workers workers) {
        int inputs = op.inputs().size();
        operands.stream().skip(inputs).forEach(result -> result.fill((byte) -1));
        CpuKernels.bind(op, operands.stream().mapToLong(MemorySegment::address).toArray(), workers)
                .run();
        return operands.stream()
                .skip(inputs)
                .map(result -> ByteBuffer.wrap(result.toArray(ValueLayout.JAVA_BYTE)))
                .toList();
    }

    private static MemorySegment operand(Operand operand, Arena arena) {
        MemorySegment memory = arena.allocate(operand.bytes(), 64);
        Random random = new Random(operand.elements());
        for (long i = 0; i < operand.elements(); i++) {
            float value = (float) random.nextGaussian();
            switch (operand.dtype()) {
                // The length of a sequence.
                case I32 -> memory.setAtIndex(ValueLayout.JAVA_INT, i, 7);
                case BF16 ->
                    memory.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(value) >>> 16));
                default -> memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
            }
        }
        return memory;
    }
}
