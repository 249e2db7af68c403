package io.llm2clip.tensor.internal.compiler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.PackedRows;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.operations.RowPanels;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.machine.Processor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Programs with packed activations have the bits of programs without, on CPUs that multiply them, but for gates that are rounded to bf16 because an
 * epilogue reads them packed: these change results by as much as rounding changes the gates.
 */
class PackedActivationsProperties {
    private static final int PROGRAMS = 60;

    private static final PlanDevice CPU = (PlanDevice) Device.cpu();

    /** Normalizations, layers, activations, gates and residuals in any order; every second program with gradients. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "BF16X3", "BF16X6"})
    void theBitsAreTheSame(Precision precision) {
        String absence = Processor.absence(precision).orElse(null);
        assumeTrue(absence == null, "Not run natively: " + absence);
        assumeTrue(packs(precision), "No machine code for vectors of this width.");
        int packed = 0;
        int gradients = 0;
        for (int seed = 0; seed < PROGRAMS; seed++) {
            List<Tensor> outputs = new Chain(new Random(seed)).outputs(seed % 2 == 1);
            Target target = with(CPU.target(), ofFactorsOnly());
            Plan with = Compiler.compile(outputs, List.of(), target, new ProgramOptions(precision));
            Plan without = Compiler.compile(
                    outputs, List.of(), with(target, CPU.target().packings()::of), new ProgramOptions(precision));
            assertThat(without.steps()).noneMatch(step -> step.op() instanceof PackedRows);
            packed += (int) with.steps().stream()
                    .filter(step -> step.op() instanceof PackedRows)
                    .count();
            gradients += (int) with.steps().stream()
                    .filter(step -> step.op().unpacked() instanceof Matmul op && op.panelsOfB() != null)
                    .count();
            List<float[]> expected = run(without, outputs);
            List<float[]> found = run(with, outputs);
            for (int i = 0; i < outputs.size(); i++) {
                assertThat(found.get(i)).as("seed %d, output %d", seed, i).isEqualTo(expected.get(i));
            }
        }
        // None that others read is packed in f32.
        assertThat(packed).as("packed values").isGreaterThan(precision == Precision.F32 ? PROGRAMS : 2 * PROGRAMS);
        if (precision == Precision.F32) {
            assertThat(gradients).as("gradients of packed values").isZero();
        } else {
            assertThat(gradients).as("gradients of packed values").isGreaterThan(PROGRAMS);
        }
    }

    private static boolean packs(Precision precision) {
        return CPU.target().packings().panels(Matmul.dense(1, 40, 8, 32, false, true), precision) != null;
    }

    /** All that only products read: of a block of a vision transformer but the values of attention, which are rows, and the residuals. */
    @Test
    void aBlockInF32IsPacked() {
        assumeTrue(packs(Precision.F32), "No machine code for vectors of this width.");
        int rows = 40;
        int width = 32;
        Chain chain = new Chain(new Random(1));
        Tensor x = chain.variable("x", 1, rows, width);
        Tensor n = x.layerNorm(chain.variable("gain", width), chain.variable("offset", width), 1e-3f);
        Tensor lengths = Tensor.variable("lengths", TensorData.ofInts(Shape.of(1), rows));
        Tensor attended = Tensor.attention(
                chain.linear(n, width), chain.linear(n, width), chain.linear(n, width), lengths, 2, 2, 0.25f, false);
        Tensor y = x.add(chain.linear(attended, width));
        Tensor m = y.rmsNorm(chain.variable("gain", width), 1e-3f);
        Tensor out = y.add(chain.linear(chain.linear(m, 96).quickGelu(), width));
        ProgramOptions options = ProgramOptions.DEFAULT;
        Plan plan = Compiler.compile(List.of(out), List.of(), CPU.target(), options);
        boolean attention = CPU.target()
                .packings()
                .writes(
                        new AttentionOp.Attention(new AttentionShape(1, rows, rows, 2, 2, width / 2, 0.25f, false)),
                        Precision.F32,
                        CPU.target().packings().panels(Matmul.dense(1, rows, 8, width, false, true), Precision.F32));
        assertThat(plan.steps())
                .filteredOn(step -> step.op() instanceof PackedRows)
                .hasSize(attention ? 4 : 3);
        assertThat(plan.steps())
                .filteredOn(step -> step.op().unpacked() instanceof Matmul op && op.panels() != null)
                .hasSize(attention ? 6 : 5);
        assertThat(PlanText.of(plan, CPU.target()))
                .containsPattern("LayerNorm\\[rows=40, .*\\], result packed tiles-f32\n")
                .containsPattern("Matmul in f32, \\[40, 32\\] x \\[32, 96\\] .*, result packed tiles-f32\n"
                        + " +reads +a .* packed tiles-f32 ");
        Plan shared =
                Compiler.compile(List.of(n, chain.linear(n, 8), chain.linear(n, 8)), List.of(), CPU.target(), options);
        assertThat(shared.steps()).as("handed out, too").noneMatch(step -> step.op() instanceof PackedRows);
        Plan without = Compiler.compile(
                List.of(out), List.of(), with(CPU.target(), CPU.target().packings()::of), options);
        assertThat(run(plan, List.of(out)).getFirst())
                .isEqualTo(run(without, List.of(out)).getFirst());
    }

    /** No unit of f32 reads what an epilogue does from panels. */
    @Test
    void gatesInF32StayRows() {
        assumeTrue(packs(Precision.F32), "No machine code for vectors of this width.");
        Chain chain = new Chain(new Random(2));
        List<Tensor> outputs = List.of(chain.gated(chain.variable("x", 24, 24), 20));
        Plan plan = Compiler.compile(outputs, List.of(), CPU.target(), ProgramOptions.DEFAULT);
        assertThat(plan.steps())
                .filteredOn(step -> step.op() instanceof PackedRows)
                .extracting(step -> step.op().unpacked().getClass().getSimpleName())
                .containsExactly("RmsNorm", "Matmul");
        assertThat(plan.steps())
                .noneMatch(step -> step.op().unpacked() instanceof Matmul op
                        && op.epilogue().panels() != null);
        Plan without = Compiler.compile(
                outputs, List.of(), with(CPU.target(), CPU.target().packings()::of), ProgramOptions.DEFAULT);
        assertThat(run(plan, outputs).getFirst())
                .isEqualTo(run(without, outputs).getFirst());
    }

    @Test
    void roundedGatesChangeResultsByTheirRounding() {
        String absence = Processor.absence(Precision.BF16).orElse(null);
        assumeTrue(absence == null, "Not run natively: " + absence);
        int gates = 0;
        for (int seed = 0; seed < PROGRAMS; seed++) {
            Chain chain = new Chain(new Random(seed));
            List<Tensor> outputs = List.of(chain.gated(chain.variable("x", 2 + seed, 64), 96));
            ProgramOptions options = new ProgramOptions(Precision.BF16);
            Plan rounded = Compiler.compile(outputs, List.of(), CPU.target(), options);
            Plan exact = Compiler.compile(outputs, List.of(), with(CPU.target(), ofFactorsOnly()), options);
            gates += (int) rounded.steps().stream()
                    .filter(step -> step.op().unpacked() instanceof Matmul op
                            && op.epilogue().panels() != null)
                    .count();
            float[] expected = run(exact, outputs).getFirst();
            float[] found = run(rounded, outputs).getFirst();
            double error = 0;
            double norm = 0;
            for (int i = 0; i < expected.length; i++) {
                error += Math.pow(found[i] - expected[i], 2);
                norm += Math.pow(expected[i], 2);
            }
            assertThat(Math.sqrt(error / norm)).as("seed %d", seed).isLessThan(0x1p-8);
        }
        assertThat(gates).as("gates in panels").isEqualTo(PROGRAMS);
    }

    /** Those of the CPU, none of which an epilogue reads. */
    private static Target.Packings ofFactorsOnly() {
        Target.Packings all = CPU.target().packings();
        return new Target.Packings() {
            @Override
            public @Nullable Packing of(Matmul op, Precision precision) {
                return all.of(op, precision);
            }

            @Override
            public @Nullable RowPanels panels(Matmul op, Precision precision) {
                return all.panels(op, precision);
            }

            @Override
            public @Nullable RowPanels panelsOfB(Matmul op, Precision precision) {
                return all.panelsOfB(op, precision);
            }

            @Override
            public boolean writes(KernelOp op, Precision precision, RowPanels panels) {
                return !(op instanceof Matmul matmul && matmul.epilogue().panels() != null)
                        && all.writes(op, precision, panels);
            }
        };
    }

    private static Target with(Target target, Target.Packings packings) {
        return new Target(
                target.name(),
                target.precisions(),
                target.matrixFormats(),
                target.alignment(),
                packings,
                target.fusesCasts(),
                target.arenas(),
                target.customs());
    }

    private static List<float[]> run(Plan plan, List<Tensor> outputs) {
        try (Executable executable = CPU.load(plan)) {
            executable.run();
            // A second run finds the memory as the first one left it.
            executable.run();
            List<float[]> found = new ArrayList<>();
            for (int i = 0; i < outputs.size(); i++) {
                Tensor output = outputs.get(i);
                found.add(executable
                        .output(plan.outputs().get(i), output.shape(), output.dtype())
                        .toFloats());
            }
            return found;
        }
    }

    private static final class Chain {
        private final Random random;
        private final List<Tensor> trained = new ArrayList<>();

        Chain(Random random) {
            this.random = random;
        }

        List<Tensor> outputs(boolean gradients) {
            Tensor x = variable("x", 1 + random.nextInt(70), width());
            List<Tensor> outputs = new ArrayList<>();
            int length = 3 + random.nextInt(5);
            for (int i = 0; i < length; i++) {
                x = grow(x);
                if (random.nextInt(6) == 0) {
                    outputs.add(x);
                }
            }
            outputs.add(x);
            if (gradients && !trained.isEmpty()) {
                outputs.addAll(Gradients.of(x.square().sum(), trained));
            }
            return outputs;
        }

        private int width() {
            return 1 + random.nextInt(100);
        }

        private Tensor grow(Tensor x) {
            int width = x.shape().dim(-1);
            return switch (random.nextInt(6)) {
                case 0 -> {
                    Tensor n = x.layerNorm(variable("gain", width), variable("offset", width), 1e-3f);
                    yield linear(n, width()).quickGelu();
                }
                case 1 -> linear(linear(x, width()).add(variable("bias", 1)).gelu(), width);
                case 2 -> gated(x, width());
                case 3 -> {
                    Tensor n = x.rmsNorm(variable("gain", width), 1e-3f);
                    yield linear(n, 40).add(linear(n, 40)).mul(linear(n, 40).tanh());
                }
                case 4 ->
                    linear(x.tanh().mul(variable("scale", width)), width()).tanh();
                default -> x.tanh().add(linear(x.tanh(), width));
            };
        }

        Tensor gated(Tensor x, int hidden) {
            int width = x.shape().dim(-1);
            Tensor n = x.rmsNorm(variable("gain", width), 1e-3f);
            return x.add(linear(linear(n, hidden).silu().mul(linear(n, hidden)), width));
        }

        private Tensor linear(Tensor x, int columns) {
            int width = x.shape().dim(-1);
            TensorData data = data(columns, width);
            if (random.nextBoolean()) {
                return x.matmulTransposed(Tensor.variable("frozen", data.freeze()));
            }
            Tensor weight = Tensor.variable("weight", data);
            trained.add(weight);
            return x.matmulTransposed(weight);
        }

        Tensor variable(String name, int... shape) {
            return Tensor.variable(name, data(shape));
        }

        private TensorData data(int... shape) {
            float[] values = new float[Shape.of(shape).size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian() / (shape.length > 1 ? 3 : 1);
            }
            return TensorData.of(Shape.of(shape), values);
        }
    }
}
