package io.llm2clip.tensor;

import io.llm2clip.kernels.KernelOp;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.reference.Reference;
import io.llm2clip.kernels.vector.VectorKernels;
import io.llm2clip.kernels.vector.Workers;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Turns a kernel and its operands' memory into something to run. */
@FunctionalInterface
public interface Executor {

    /** Binds a kernel to its operands, in the kernel's order; each segment is exactly the operand's bytes. */
    Launch bind(KernelOp op, List<MemorySegment> operands);

    /** Vector API kernels over a pool of threads. */
    static Executor vector(Workers workers) {
        return (op, operands) -> VectorKernels.bind(
                op, operands.stream().mapToLong(MemorySegment::address).toArray(), workers);
    }

    /** The scalar reference kernels: the same plan, slowly. */
    static Executor reference() {
        return (op, operands) -> {
            MemorySegment[] segments = operands.toArray(MemorySegment[]::new);
            return () -> Reference.run(op, segments);
        };
    }
}
