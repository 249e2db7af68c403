package io.llm2clip.kernels.cpu;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.IndexException;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.OperationException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;

/** What runs an operation of one's own: its kernel, or else its reference, behind a check of its indices. */
final class CustomKernel {
    private CustomKernel() {}

    static Launch bind(CustomOp op, long[] addresses, Workers workers) {
        List<Operand> operands = op.operands();
        MemorySegment[] memory = new MemorySegment[addresses.length];
        for (int i = 0; i < memory.length; i++) {
            memory[i] = operands.get(i).within(Memory.ALL.asSlice(addresses[i]));
        }
        Launch launch;
        String part;
        if (op instanceof CpuOp own) {
            part = "its CPU kernel";
            launch = OperationException.calling(
                    op, "bind()", () -> Objects.requireNonNull(own.bind(memory.clone(), workers), "bind() is null"));
        } else {
            part = "its reference";
            launch = () -> op.reference(memory.clone());
        }
        return () -> {
            IndexException.require(op, memory);
            OperationException.running(op, part, launch::run);
        };
    }
}
