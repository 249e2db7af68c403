package io.llm2clip.tensor.internal.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.PackedRows;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.kernels.operations.RowPanels.Format;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which results are written over what was added to them. */
class OverwritingTest {
    private static final int ROWS = 40;
    private static final int WIDTH = 32;

    private int weights;

    /** A device whose matmuls overwrite, in bf16 only, and write panels if it is asked to. */
    private static Target target(boolean panels) {
        Target.Packings packings = new Target.Packings() {
            @Override
            public @Nullable Packing of(Matmul op, Precision precision) {
                return null;
            }

            @Override
            public @Nullable RowPanels panels(Matmul op, Precision precision) {
                return panels ? RowPanels.balanced(op.m(), op.k(), 32, Format.BF16) : null;
            }

            @Override
            public boolean writes(KernelOp op, Precision precision, RowPanels layout) {
                return op instanceof Matmul || op instanceof NormOp;
            }

            @Override
            public boolean overwrites(KernelOp op, Precision precision) {
                return precision == Precision.BF16;
            }
        };
        return new Target(
                "a device of tests",
                () -> Set.of(Precision.F32, Precision.BF16),
                Set.copyOf(MatrixOperand.FORMATS),
                64,
                packings,
                true,
                Map.of(),
                op -> "its reference");
    }

    private static Plan compile(Target target, Precision precision, Tensor... outputs) {
        return Compiler.compile(List.of(outputs), List.of(), target, new ProgramOptions(precision));
    }

    /** For each matmul with operands in its epilogue, the number of the one in whose place its result is; -1 if in none. */
    private static List<Integer> overwritten(Plan plan) {
        List<Integer> found = new ArrayList<>();
        for (Plan.Step step : plan.steps()) {
            if (step.op().unpacked() instanceof Matmul op
                    && !op.epilogue().extras().isEmpty()) {
                List<Plan.Slot> slots = step.operands();
                int at = slots.subList(0, slots.size() - 1).indexOf(slots.getLast());
                found.add(at < 0 ? -1 : at - 2);
            }
        }
        return found;
    }

    private Tensor weight(int... shape) {
        return Tensor.variable("w" + weights++, TensorData.allocate(Shape.of(shape), DType.F32));
    }

    private Tensor linear(Tensor x) {
        return x.matmulTransposed(weight(WIDTH, WIDTH));
    }

    private Tensor norm(Tensor x) {
        return x.layerNorm(weight(WIDTH), weight(WIDTH), 1e-5f);
    }

    private static Tensor input() {
        return Tensor.input("x", Shape.of(ROWS, WIDTH), DType.F32);
    }

    /** A residual stream stays where it is, from the first sum in the workspace to the last. */
    @Test
    void aStreamOfResidualsStaysInOnePlace() {
        Tensor first = norm(input());
        Tensor second = first.add(linear(norm(first)).add(weight(WIDTH)));
        Tensor third = second.add(linear(norm(second)));
        Plan plan = compile(target(false), Precision.BF16, norm(third));
        assertThat(overwritten(plan)).containsExactly(0, 0);
        Plan apart = compile(target(false), Precision.F32, norm(third));
        assertThat(overwritten(apart)).containsExactly(-1, -1);
        assertThat(plan.workspaceBytes().get(DType.F32)).isEqualTo(2L * ROWS * WIDTH * Float.BYTES);
        assertThat(apart.workspaceBytes().get(DType.F32)).isEqualTo(3L * ROWS * WIDTH * Float.BYTES);
    }

    /** Each value still has its own life in the plan. */
    @Test
    void valuesKeepTheirLives() {
        Tensor first = norm(input());
        Plan plan = compile(target(false), Precision.BF16, norm(first.add(linear(norm(first)))));
        Plan.Step sum = plan.steps().get(2);
        assertThat(sum.op().unpacked()).isInstanceOf(Matmul.class);
        assertThat(sum.values().get(2).last()).isEqualTo(2);
        assertThat(sum.values().getLast().first()).isEqualTo(2);
    }

    /** What is read later, fed, handed out, stored, or not whole is not overwritten, and neither is what is multiplied. */
    @Test
    void whatIsNeededIsNotOverwritten() {
        Tensor x = input();
        assertThat(overwritten(compile(target(false), Precision.BF16, norm(x.add(linear(norm(x)))))))
                .as("fed")
                .containsExactly(-1);
        Tensor first = norm(x);
        Tensor sum = norm(first.add(linear(norm(first))));
        assertThat(overwritten(compile(target(false), Precision.BF16, sum, first)))
                .as("handed out")
                .containsExactly(-1);
        assertThat(overwritten(compile(target(false), Precision.BF16, first.add(linear(norm(first))))))
                .as("the result is")
                .containsExactly(-1);
        Tensor again = norm(first.add(linear(norm(first)))).mul(first);
        assertThat(overwritten(compile(target(false), Precision.BF16, again)))
                .as("read later")
                .containsExactly(-1);
        Tensor square = norm(first.add(linear(first)));
        assertThat(overwritten(compile(target(false), Precision.BF16, square)))
                .as("multiplied, too")
                .containsExactly(-1);
        assertThat(overwritten(compile(
                        target(false), Precision.BF16, norm(weight(ROWS, WIDTH).add(linear(x))))))
                .as("stored")
                .containsExactly(-1);
    }

    /** Rows are not where panels are to be, whatever their bytes; gates in panels are. */
    @Test
    void layoutsAreTheSame() {
        Tensor first = norm(input());
        Tensor gated = linear(norm(first)).silu().mul(linear(norm(first)));
        Plan plan = compile(target(true), Precision.BF16, linear(gated));
        assertThat(plan.steps())
                .filteredOn(step -> step.op() instanceof PackedRows)
                .hasSizeGreaterThan(2);
        assertThat(overwritten(plan)).containsExactly(0);
        Tensor kept = norm(input());
        Tensor sum = kept.add(linear(norm(kept)));
        assertThat(overwritten(compile(target(true), Precision.BF16, linear(sum))))
                .as("f32 rows added to what goes to panels")
                .containsExactly(-1);
    }
}
