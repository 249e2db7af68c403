package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.operations.Concat;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.IndexException;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Operand;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What messages call the operands of a plan's kernels: inputs and variables by their names, other values by what computes them. */
public final class OperandNames {
    private final Plan plan;

    public OperandNames(Plan plan) {
        this.plan = plan;
    }

    /** An index error of a step with the tensor that the index is in, and those that have names. */
    public IndexException name(IndexException error, int step) {
        return error.of(indexed(step, error.operand()));
    }

    /** Which tensor an index operand of a step is, and those of its other inputs that have names. */
    public String indexed(int step, String index) {
        Plan.Step failed = plan.steps().get(step);
        List<Operand> operands = failed.op().inputs();
        return IntStream.range(0, operands.size())
                .filter(i -> operands.get(i).name().equals(index) || isNamed(failed, i))
                .mapToObj(i -> operands.get(i).name() + " is " + of(failed, i))
                .collect(Collectors.joining(", "));
    }

    private static boolean isNamed(Plan.Step step, int operand) {
        return step.values().get(operand).first() < 0;
    }

    /** A value with what it is computed by; a copy with what it is a copy of. */
    public String of(Plan.Step step, int operand) {
        Plan.Value value = step.values().get(operand);
        String typed = value.dtype() + " " + value.shape();
        if (isNamed(step, operand)) {
            return "'" + value.name() + "' " + typed;
        }
        Plan.Step source = plan.steps().get(value.first());
        String computed = value.name() + " " + typed + " of kernel " + value.first() + " ("
                + source.op().name();
        return computed + (copies(source.op()) ? " of " + inputs(source) : "") + ")";
    }

    private String inputs(Plan.Step step) {
        return IntStream.range(0, step.op().inputs().size())
                .mapToObj(i -> of(step, i))
                .distinct()
                .collect(Collectors.joining(", "));
    }

    private static boolean copies(KernelOp op) {
        return op instanceof Elementwise elementwise ? elementwise.isCopy() : op instanceof Concat;
    }
}
