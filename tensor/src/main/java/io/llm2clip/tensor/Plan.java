package io.llm2clip.tensor;

import io.llm2clip.kernels.KernelOp;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A compiled graph: kernels in order, and where each operand lies.
 *
 * @param steps kernels in order of execution
 * @param arenaBytes size of the one block that holds all intermediate values, inputs and outputs
 */
record Plan(List<Step> steps, long arenaBytes) {

    /** One kernel and its operands, in the kernel's order. */
    record Step(KernelOp op, List<Slot> operands) {}

    /** Where an operand starts. */
    sealed interface Slot {
        /** So many bytes into the plan's arena. */
        record InArena(long offset) implements Slot {}

        /** In memory that is not the plan's: a variable's. */
        record External(MemorySegment segment, long offset) implements Slot {}
    }

    /** Floating-point operations of one run. */
    long flops() {
        return steps.stream().mapToLong(step -> step.op().flops()).sum();
    }
}
