package io.llm2clip.tensor.internal.engine;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.kernels.reference.PanelElements;
import io.llm2clip.kernels.reference.ScalarExpression;
import io.llm2clip.kernels.reference.StoredElements;
import io.llm2clip.tensor.internal.compiler.OperandNames;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.compiler.PlanText;
import io.llm2clip.tensor.internal.compiler.StepObserver;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.IntFunction;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Ends a run at the first kernel that yields NaN, and says what is known of how. */
final class NanCheck implements StepObserver {
    private final Plan plan;
    private final OperandNames names;

    NanCheck(Plan plan) {
        this.plan = plan;
        names = new OperandNames(plan);
    }

    /** @throws ArithmeticException if a value that the kernel has written holds NaN */
    @Override
    public void ran(int number, IntFunction<MemorySegment> operands) {
        Plan.Step step = plan.steps().get(number);
        List<Operand> all = step.op().operands();
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).access() != Operand.Access.READ && isFloat(all.get(i))) {
                Found found = find(all.get(i), operands.apply(i));
                if (found.count > 0) {
                    throw new ArithmeticException(message(number, i, found, operands));
                }
            }
        }
    }

    /** How many elements are NaN, and which is the first. */
    private record Found(long count, long first) {}

    private static Found find(Operand operand, MemorySegment memory) {
        LongFunction<Float> elements = elements(operand, memory);
        long count = 0;
        long first = -1;
        for (long i = operand.elements() - 1; i >= 0; i--) {
            if (Float.isNaN(elements.apply(i))) {
                count++;
                first = i;
            }
        }
        return new Found(count, first);
    }

    private static LongFunction<Float> elements(Operand operand, MemorySegment memory) {
        if (operand.packing() instanceof RowPanels panels) {
            PanelElements elements = new PanelElements(panels, memory);
            return i -> elements.get((int) (i / panels.columns()), (int) (i % panels.columns()));
        }
        return new StoredElements(operand.dtype(), memory)::get;
    }

    private static boolean isFloat(Operand operand) {
        return operand.dtype() != DType.I32 && operand.dtype() != DType.BOOL;
    }

    private String message(int number, int result, Found found, IntFunction<MemorySegment> operands) {
        Plan.Step step = plan.steps().get(number);
        Plan.Value value = step.values().get(result);
        StringBuilder message = new StringBuilder(String.format(
                Locale.ROOT,
                "Kernel %d of %d, %s, is the first to yield NaN: in %,d of %,d elements of %s %s %s, first at %s",
                number,
                plan.steps().size(),
                PlanText.describe(step).strip(),
                found.count,
                value.shape().size(),
                value.name(),
                value.dtype(),
                value.shape(),
                Arrays.toString(value.shape().position(found.first))));
        String cause = step.op().unpacked() instanceof Elementwise elementwise
                ? cause(elementwise, found.first, operands)
                : null;
        message.append(cause == null ? "" : ", which is " + cause);
        message.append("; it reads ").append(inputs(step, operands));
        message.append("; ")
                .append(
                        value.site() == null
                                ? "run with -Dllm2clip.nancheck=true to see where it is built"
                                : value.site());
        return message.append('.').toString();
    }

    /** What the kernel works on, and which of it was NaN before, as only what is fed or stored can be. */
    private String inputs(Plan.Step step, IntFunction<MemorySegment> operands) {
        List<Operand> all = step.op().operands();
        List<String> inputs = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).access() == Operand.Access.READ) {
                boolean there = isFloat(all.get(i)) && !overwritten(step, i);
                Found found = there ? find(all.get(i), operands.apply(i)) : new Found(0, -1);
                inputs.add(names.of(step, i)
                        + (found.count == 0
                                ? ""
                                : String.format(Locale.ROOT, ", where %,d are NaN already", found.count)));
            }
        }
        return inputs.isEmpty() ? "nothing" : String.join(", and ", inputs);
    }

    /** Whether a result is where an operand was, so that this is not known any more. */
    private static boolean overwritten(Plan.Step step, int operand) {
        List<Operand> all = step.op().operands();
        return IntStream.range(0, all.size())
                .anyMatch(other -> all.get(other).access() == Operand.Access.WRITE
                        && step.operands().get(other).equals(step.operands().get(operand)));
    }

    /** The instruction that NaN comes from, with its operands. Null if it is none: an input was NaN, or inputs have changed since. */
    private static @Nullable String cause(Elementwise op, long element, IntFunction<MemorySegment> operands) {
        float[] inputs = new float[op.sources().size()];
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = new StoredElements(op.sources().get(i).dtype(), operands.apply(i)).get(op.offset(i, element));
        }
        Expression expression = op.expression();
        float[] values = ScalarExpression.values(expression, inputs);
        int culprit = origin(expression, values);
        if (culprit < inputs.length || !Float.isNaN(values[culprit])) {
            return null;
        }
        Expression.Instruction instruction = expression.instructions().get(culprit - inputs.length);
        return instruction.opcode() == Opcode.CONSTANT
                ? "a constant"
                : instruction.opcode().name().toLowerCase(Locale.ROOT)
                        + Arrays.stream(instruction.operands())
                                .mapToObj(argument -> String.valueOf(values[argument]))
                                .collect(Collectors.joining(", ", "(", ")"));
    }

    /** Follows NaN from the result to the value that is NaN of operands that are not. */
    private static int origin(Expression expression, float[] values) {
        int at = expression.result();
        while (at >= expression.inputs()) {
            Expression.Instruction instruction = expression.instructions().get(at - expression.inputs());
            int[] flowing = instruction.opcode() == Opcode.SELECT
                    ? new int[] {values[instruction.a()] != 0 ? instruction.b() : instruction.c()}
                    : instruction.operands();
            OptionalInt before = Arrays.stream(flowing)
                    .filter(value -> Float.isNaN(values[value]))
                    .findFirst();
            if (before.isEmpty()) {
                return at;
            }
            at = before.getAsInt();
        }
        return at;
    }
}
