package org.example.operations;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.launch.DeviceOp;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** {@code -x} of bf16. */
public record FlipHalves(int elements) implements DeviceOp {
    @Override
    public List<Operand> operands() {
        return List.of(Operand.in("x", DType.BF16, elements), Operand.out("out", DType.BF16, elements));
    }

    @Override
    public void reference(MemorySegment... operands) {
        for (long at = 0; at < operands[0].byteSize(); at += Short.BYTES) {
            short bits = operands[0].get(ValueLayout.JAVA_SHORT_UNALIGNED, at);
            operands[1].set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) (bits ^ 0x8000));
        }
    }

    @Override
    public DevicePlan plan() {
        return DevicePlan.perElement(this, ForeignKernels.class, "k_flip", elements, List.of(), List.of());
    }
}
