package io.llm2clip.kernels.cpu.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.OperandBuffers;
import io.llm2clip.kernels.reference.Reference;
import io.llm2clip.kernels.reference.StoredElements;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** How an operation of a matrix unit is run and checked. */
abstract class UnitConformance {
    static final List<Workers> WORKERS = List.of(new Workers(1), new Workers(2), new Workers(3));

    final MatrixUnit unit;

    UnitConformance(MatrixUnit unit) {
        this.unit = unit;
    }

    final void run(KernelOp op, long[] addresses, Workers workers) {
        assertThat(unit.supports(op)).isTrue();
        switch (op) {
            case Matmul o -> unit.matmul(o, addresses, workers).run();
            case AttentionOp.Attention o ->
                unit.attention(o, addresses, workers).run();
            case AttentionOp.AttentionGradient o ->
                unit.attentionGradient(o, addresses, workers).run();
            default -> throw new AssertionError(op);
        }
    }

    final void check(KernelOp op, long seed) {
        try (OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers first = expected.copy()) {
            OperandBuffers inputs = expected.copy();
            reference(op, expected.segments());
            run(op, first.addresses(), WORKERS.getFirst());
            first.assertCloseTo(expected, tolerance(op));
            for (Workers workers : WORKERS) {
                try (OperandBuffers found = inputs.copy()) {
                    run(op, found.addresses(), workers);
                    found.assertSameBits(first);
                }
            }
            checkLayouts(op, inputs, first);
            inputs.close();
        }
    }

    /** By what results may differ, absolutely and relatively; inputs are numbers of few bits. */
    protected double tolerance(KernelOp op) {
        return 5e-5;
    }

    /** Computes what is expected of the unit's precision. */
    void reference(KernelOp op, MemorySegment[] operands) {
        Reference.run(op, operands);
    }

    /** Elements rounded to bf16, as f32. */
    static MemorySegment rounded(DType format, MemorySegment stored, Arena arena) {
        StoredElements elements = new StoredElements(format, stored);
        long count = stored.byteSize() / format.bytes();
        MemorySegment rounded = arena.allocate(Math.max(1, count) * 4, 64);
        for (long i = 0; i < count; i++) {
            float value = elements.get(i);
            int bits = Float.floatToRawIntBits(value);
            int upper = bits + 0x7FFF + (bits >>> 16 & 1) & 0xFFFF0000;
            rounded.setAtIndex(ValueLayout.JAVA_FLOAT, i, Float.isNaN(value) ? value : Float.intBitsToFloat(upper));
        }
        return rounded.asSlice(0, count * 4);
    }

    /** Checks that other layouts of the inputs have the same bits. */
    void checkLayouts(KernelOp op, OperandBuffers inputs, OperandBuffers expected) {}
}
