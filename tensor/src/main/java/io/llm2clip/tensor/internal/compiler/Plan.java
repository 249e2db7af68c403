package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.tensor.TensorData;
import java.util.List;
import java.util.Map;

/**
 * A compiled graph: kernels in order, and where each operand lies.
 *
 * @param steps kernels in order of execution
 * @param arenaBytes by element type as stored, the size of the arena that holds all intermediate values, inputs and outputs
 */
public record Plan(List<Step> steps, Map<DType, Long> arenaBytes) {

    /** One kernel and its operands, in the kernel's order. */
    public record Step(KernelOp op, List<Slot> operands) {}

    /** Where an operand starts. */
    public sealed interface Slot {
        /** So many bytes into the plan's arena of an element type as stored. */
        record InArena(DType dtype, long offset) implements Slot {}

        /** So many bytes into a variable, which is not the plan's. */
        record InVariable(TensorData variable, long offset) implements Slot {}
    }

    /** Floating-point operations of one run. */
    public long flops() {
        return steps.stream().mapToLong(step -> step.op().flops()).sum();
    }

    /** Size of all arenas. */
    public long totalBytes() {
        return arenaBytes.values().stream().mapToLong(Long::longValue).sum();
    }

    /** The variables that steps read, each once. */
    public List<TensorData> variables() {
        return steps.stream()
                .flatMap(step -> step.operands().stream())
                .filter(Slot.InVariable.class::isInstance)
                .map(slot -> ((Slot.InVariable) slot).variable())
                .distinct()
                .toList();
    }
}
