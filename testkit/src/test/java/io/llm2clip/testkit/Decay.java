package io.llm2clip.testkit;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.CpuOp;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Halves a variable in place; on the CPU by a kernel that may not do so. */
record Decay(boolean forgets) implements CpuOp {
    @Override
    public List<Operand> operands() {
        return List.of(Operand.update("state", 4));
    }

    @Override
    public void reference(MemorySegment... operands) {
        halve(operands[0]);
    }

    @Override
    public Launch bind(MemorySegment[] operands, Workers workers) {
        return () -> {
            if (!forgets) {
                halve(operands[0]);
            }
        };
    }

    private static void halve(MemorySegment state) {
        for (int i = 0; i < 4; i++) {
            float value = state.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
            state.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, value / 2);
        }
    }
}
