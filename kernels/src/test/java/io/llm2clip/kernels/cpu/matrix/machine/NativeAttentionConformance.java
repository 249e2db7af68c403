package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.AttentionConformance;
import io.llm2clip.kernels.cpu.matrix.MatrixUnit;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.OperandBuffers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.Supplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** A unit of machine code on this CPU. */
abstract class NativeAttentionConformance extends AttentionConformance {
    private static final Workers WORKERS = new Workers(1);
    /** The operand of integers. */
    private static final int LENGTHS = 3;

    private final Function<Supplier<MachineCode>, MatrixUnit> units;

    NativeAttentionConformance(Function<Supplier<MachineCode>, MatrixUnit> units) {
        super(units.apply(MachineCode::ofThisProcess));
        this.units = units;
    }

    /** The emulated processor has the bits of this one, of numbers of any size; what NaN is called aside. */
    @Property(tries = 100)
    void theEmulatedProcessorHasTheSameBits(
            @ForAll @IntRange(min = 1, max = 60) int rows,
            @ForAll @IntRange(min = 1, max = 40) int headSize,
            @ForAll boolean causal,
            @ForAll long seed) {
        AttentionShape shape = new AttentionShape(1, rows, rows, 1, 1, headSize, 0.3f, causal);
        assertSameBits(new AttentionOp.Attention(shape), seed);
        KernelOp gradient = new AttentionOp.AttentionGradient(shape);
        if (units.apply(MachineCode::ofThisProcess).supports(gradient)) {
            assertSameBits(gradient, seed);
        }
    }

    private void assertSameBits(KernelOp op, long seed) {
        try (OperandBuffers found = OperandBuffers.random(op, seed)) {
            Random random = new Random(seed);
            float spread = (float) Math.exp(8 * random.nextGaussian());
            for (int i = 0; i < op.inputs().size(); i++) {
                if (i == LENGTHS) {
                    continue;
                }
                MemorySegment operand = found.segments()[i];
                for (long e = 0; e < operand.byteSize() / 4; e++) {
                    float value = random.nextInt(200) == 0
                            ? Float.intBitsToFloat(random.nextInt())
                            : spread * (float) random.nextGaussian();
                    operand.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, e, value);
                }
            }
            try (OperandBuffers expected = found.copy()) {
                run(MachineCode::ofThisProcess, op, found);
                run(EmulatedMachine::code, op, expected);
                for (OperandBuffers each : List.of(found, expected)) {
                    for (int i = op.inputs().size(); i < each.segments().length; i++) {
                        MemorySegment out = each.segments()[i];
                        for (long e = 0; e < out.byteSize() / 4; e++) {
                            float value = out.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, e);
                            if (Float.isNaN(value)) {
                                out.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, e, Float.NaN);
                            }
                        }
                    }
                }
                found.assertSameBits(expected);
            }
        }
    }

    private void run(Supplier<MachineCode> machine, KernelOp op, OperandBuffers operands) {
        MatrixUnit unit = units.apply(machine);
        switch (op) {
            case AttentionOp.Attention o ->
                unit.attention(o, operands.addresses(), WORKERS).run();
            case AttentionOp.AttentionGradient o ->
                unit.attentionGradient(o, operands.addresses(), WORKERS).run();
            default -> throw new AssertionError(op);
        }
    }
}
