package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.PackedLayout;
import io.llm2clip.kernels.operations.PackedRows;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.internal.compiler.Plan.Slot;
import io.llm2clip.tensor.internal.compiler.Plan.Step;
import io.llm2clip.tensor.internal.compiler.Plan.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A plan for people: each kernel in order and, below it, a line per operand with its format, shape and layout, where it lies, its
 * size and which kernels it lives for. The same plan gives the same text.
 */
public final class PlanText {
    private final Plan plan;
    private final Target target;
    private final StringBuilder text = new StringBuilder();

    private PlanText(Plan plan, Target target) {
        this.plan = plan;
        this.target = target;
    }

    /** The text of a plan for a target, lines ending in {@code \n}. */
    public static String of(Plan plan, Target target) {
        PlanText text = new PlanText(plan, target);
        text.summary();
        text.kernels();
        return text.text.toString();
    }

    private void line(String format, Object... arguments) {
        text.append(String.format(Locale.ROOT, format, arguments).stripTrailing())
                .append('\n');
    }

    private void summary() {
        long[] alive = alive();
        int peak = IntStream.range(0, alive.length).reduce(0, (a, b) -> alive[b] > alive[a] ? b : a);
        line("%d kernels, %,d floating-point operations", plan.steps().size(), plan.flops());
        line(
                "workspace %,d bytes%s",
                Plan.sum(plan.workspaceBytes()),
                alive.length == 0
                        ? ""
                        : String.format(Locale.ROOT, "; peak %,d in use at kernel %d", alive[peak], peak));
        line("inputs and outputs %,d bytes", Plan.sum(plan.pinnedBytes()));
        List<TensorData> variables = plan.variables();
        line(
                "%d variables, %,d bytes%s",
                variables.size(),
                variables.stream()
                        .mapToLong(
                                data -> data.dtype().bytes((long) data.shape().size()))
                        .sum(),
                plan.updated().isEmpty()
                        ? ""
                        : "; %d of them updated".formatted(plan.updated().size()));
    }

    /** Bytes of the workspace that hold something that is still needed, for each step. */
    private long[] alive() {
        Map<Value, Long> values = new LinkedHashMap<>();
        for (Step step : plan.steps()) {
            for (int i = 0; i < step.operands().size(); i++) {
                if (step.operands().get(i) instanceof Slot.InWorkspace) {
                    values.put(step.values().get(i), step.values().get(i).bytes());
                }
            }
        }
        long[] alive = new long[plan.steps().size()];
        values.forEach((value, bytes) -> {
            for (int step = value.first(); step <= value.last(); step++) {
                alive[step] += bytes;
            }
        });
        return alive;
    }

    private void kernels() {
        List<List<String>> rows = new ArrayList<>();
        for (Step step : plan.steps()) {
            List<Operand> operands = step.op().operands();
            for (int i = 0; i < operands.size(); i++) {
                rows.add(row(step, operands.get(i), i));
            }
        }
        int columns = rows.isEmpty() ? 0 : rows.getFirst().size();
        int[] widths = IntStream.range(0, columns)
                .map(column -> rows.stream()
                        .mapToInt(row -> row.get(column).length())
                        .max()
                        .orElse(0))
                .toArray();
        int next = 0;
        for (int number = 0; number < plan.steps().size(); number++) {
            Step step = plan.steps().get(number);
            line("");
            line("%d  %s%s", number, describe(step), runs(step.op()));
            for (int i = 0; i < step.operands().size(); i++) {
                List<String> row = rows.get(next++);
                line(
                        "     %s",
                        IntStream.range(0, columns)
                                .mapToObj(column -> pad(row.get(column), widths[column]))
                                .collect(Collectors.joining("  ")));
            }
        }
    }

    /** Whose kernel runs an operation, where it is not the engine's. */
    private String runs(KernelOp op) {
        return op instanceof CustomOp custom ? ", by " + target.customs().runs(custom) : "";
    }

    private static String pad(String cell, int width) {
        return cell + " ".repeat(width - cell.length());
    }

    private List<String> row(Step step, Operand operand, int i) {
        Value value = step.values().get(i);
        return List.of(
                switch (operand.access()) {
                    case READ -> "reads";
                    case WRITE -> "writes";
                    case UPDATE -> "updates";
                },
                operand.name(),
                value.name(),
                value.dtype().toString(),
                value.shape().toString(),
                layout(step.op(), i),
                place(step.operands().get(i)),
                String.format(Locale.ROOT, "%,d bytes", value.bytes()),
                life(value));
    }

    private static String place(Slot slot) {
        return switch (slot) {
            case Slot.InWorkspace(var dtype, long offset) -> "workspace " + dtype + " " + offset;
            case Slot.Pinned(var dtype, long offset) -> "pinned " + dtype + " " + offset;
            case Slot.InVariable(var _, long offset) -> "variable" + (offset == 0 ? "" : " " + offset);
        };
    }

    private String life(Value value) {
        if (value.first() < 0) {
            return "always";
        }
        return value.last() >= plan.steps().size() ? "from " + value.first() : value.first() + " to " + value.last();
    }

    /** How the operand's elements follow each other. */
    private static String layout(KernelOp op, int i) {
        PackedLayout packing = op.operands().get(i).packing();
        if (packing != null) {
            return "packed " + packing.unit();
        }
        return switch (op) {
            case PackedRows packed -> layout(packed.op(), i);
            case Elementwise elementwise
            when i < elementwise.sources().size() ->
                elementwise.isDense(i)
                        ? "dense"
                        : "strides " + elementwise.sources().get(i).strides();
            case Matmul matmul when i == 0 -> matmul.a().transposed() ? "transposed" : "dense";
            case Matmul matmul when i == 1 -> matmul.b().transposed() ? "transposed" : "dense";
            case Matmul matmul
            when i - 2 < matmul.epilogue().extras().size() ->
                matmul.epilogue().extras().get(i - 2).name().toLowerCase(Locale.ROOT);
            default -> "dense";
        };
    }

    /** A kernel with its shapes, in a line. */
    public static String describe(Step step) {
        return describe(step.op(), step.precision());
    }

    private static String describe(KernelOp op, Precision precision) {
        return switch (op) {
            case PackedRows packed ->
                describe(packed.op(), precision).strip() + ", result packed "
                        + packed.panels().unit();
            case Elementwise elementwise ->
                "Elementwise " + elementwise.shape() + " " + expression(elementwise.expression());
            case Matmul matmul ->
                "Matmul %sin %s, [%d, %d] x [%d, %d] %s"
                        .formatted(
                                matmul.batch() == 1 ? "" : matmul.batch() + " times ",
                                precision,
                                matmul.m(),
                                matmul.k(),
                                matmul.k(),
                                matmul.n(),
                                expression(matmul.epilogue().expression()));
            case AttentionOp attention -> attention + " in " + precision;
            case CustomOp custom when !(custom instanceof Record) -> custom.name();
            default -> op.toString();
        };
    }

    /** The same, with how the factors of a matmul lie: what kernels of one speed have in common. */
    public static String describeLayouts(Step step) {
        String described = describe(step).strip();
        return step.op().unpacked() instanceof Matmul
                ? "%s, %s by %s".formatted(described, layout(step.op(), 0), layout(step.op(), 1))
                : described;
    }

    private static String expression(Expression expression) {
        String opcodes = expression.instructions().stream()
                .map(Expression.Instruction::opcode)
                .filter(opcode -> opcode != Opcode.CONSTANT)
                .map(opcode -> opcode.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(" "));
        return opcodes.isEmpty() ? "" : "(" + opcodes + ")";
    }
}
