package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramMemory;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A compiled graph: kernels in order, and where each operand lies. A value, without memory of its own: who loads it has pinned memory of
 * its own, and shares the workspace with other plans of the device.
 *
 * @param steps kernels in order of execution
 * @param inputs where the values that are fed lie
 * @param outputs where the values that are handed out lie
 * @param workspaceBytes by element type as stored, memory for values that are used up within a run
 * @param pinnedBytes by element type as stored, memory for inputs and outputs, which outlive a run
 */
public record Plan(
        List<Step> steps,
        Map<Tensor, Slot.Pinned> inputs,
        List<Slot.Pinned> outputs,
        Map<DType, Long> workspaceBytes,
        Map<DType, Long> pinnedBytes) {

    /**
     * One kernel.
     *
     * @param op what it computes
     * @param precision of its multiplications
     * @param operands where they start, in the kernel's order
     * @param values what they are, in the kernel's order
     */
    public record Step(KernelOp op, Precision precision, List<Slot> operands, List<Value> values) {}

    /**
     * Something that is computed, fed or stored.
     *
     * @param name for people
     * @param shape its dimensions
     * @param dtype its elements
     * @param bytes that it takes, which are not those of its elements where it is packed
     * @param first the step that writes it; -1 if it is there before
     * @param last the last step that reads it, the number of steps if it stays
     * @param site where its node was built, if that was noted
     */
    public record Value(
            String name,
            Shape shape,
            DType dtype,
            long bytes,
            int first,
            int last,
            @Nullable String site) {}

    /** Where an operand starts. */
    public sealed interface Slot {

        /** What the plan has made room for: memory of an element type as stored. */
        sealed interface Planned extends Slot {
            DType dtype();

            /** Bytes from the memory's start. */
            long offset();
        }

        /** So many bytes into the workspace of an element type as stored. */
        record InWorkspace(DType dtype, long offset) implements Planned {}

        /** So many bytes into the pinned memory of an element type as stored. */
        record Pinned(DType dtype, long offset) implements Planned {}

        /** So many bytes into a variable, which is not the plan's. */
        record InVariable(TensorData variable, long offset) implements Slot {}
    }

    /** Floating-point operations of one run. */
    public long flops() {
        return steps.stream().mapToLong(step -> step.op().flops()).sum();
    }

    /** Size of all memory but the variables. */
    public ProgramMemory memory() {
        return new ProgramMemory(sum(pinnedBytes), sum(workspaceBytes));
    }

    static long sum(Map<DType, Long> bytes) {
        return bytes.values().stream().mapToLong(Long::longValue).sum();
    }

    /** The variables that steps read or write, each once. */
    public List<TensorData> variables() {
        return variables(operand -> true);
    }

    /** The variables that steps write, each once. */
    public List<TensorData> updated() {
        return variables(operand -> operand.access() != Operand.Access.READ);
    }

    private List<TensorData> variables(Predicate<Operand> chosen) {
        Set<TensorData> variables = new LinkedHashSet<>();
        for (Step step : steps) {
            List<Operand> operands = step.op().operands();
            for (int i = 0; i < operands.size(); i++) {
                if (step.operands().get(i) instanceof Slot.InVariable(TensorData variable, long _)
                        && chosen.test(operands.get(i))) {
                    variables.add(variable);
                }
            }
        }
        return List.copyOf(variables);
    }
}
