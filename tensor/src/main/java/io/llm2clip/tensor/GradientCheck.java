package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * Checks the gradients of a function at a point, for tests of operations of one's own: those that a compiled program computes against those of the
 * {@link Interpreter}, and these against central differences of the function, {@code (f(x + h) - f(x - h)) / 2h}, as the
 * interpreter computes it. Results are made one number by random weights, so that each element counts differently.
 *
 * <pre>{@code
 * GradientCheck check = GradientCheck.of(in -> in.getFirst().tanh());
 * check.at(x);
 * check.ofGradient().at(x);
 * }</pre>
 *
 * <p>Points should be away from where the function has no gradient by more than the step, and numbers about 1 in size, because differences are of f32 values.
 */
public final class GradientCheck {
    private static final float STEP = 4e-3f;
    private static final double TOLERANCE = 5e-3;
    private static final double AGREEMENT = 2e-4;
    private static final int PROBES = 4;

    private final Function<List<Tensor>, List<Tensor>> function;
    private final Setup setup;

    private record Setup(Execution execution, float step, double tolerance, double agreement, int probes, int seed) {
        Setup {
            if (!(step > 0) || !(tolerance >= 0) || !(agreement >= 0) || probes < 1) {
                throw new IllegalArgumentException("Gradient check with step " + step + ", tolerance " + tolerance
                        + ", agreement " + agreement + " and " + probes
                        + " probes; expected a step above 0, tolerances of 0 or more, and a probe at least.");
            }
        }
    }

    private GradientCheck(Function<List<Tensor>, List<Tensor>> function, Setup setup) {
        this.function = function;
        this.setup = setup;
    }

    /** A check of a function with one result, of f32, bf16 or f16 and any shape. */
    public static GradientCheck of(Function<List<Tensor>, Tensor> function) {
        return ofResults(inputs -> List.of(function.apply(inputs)));
    }

    /** A check of a function with any number of results, of which those of f32, bf16 or f16 count. */
    public static GradientCheck ofResults(Function<List<Tensor>, List<Tensor>> function) {
        return new GradientCheck(function, new Setup(Execution.cpu(), STEP, TOLERANCE, AGREEMENT, PROBES, 0));
    }

    /** With another device for the compiled program, by default the CPU. */
    public GradientCheck on(Execution execution) {
        return with(new Setup(execution, setup.step, setup.tolerance, setup.agreement, setup.probes, setup.seed));
    }

    /** With another step h, by default 0.004. */
    public GradientCheck withStep(float step) {
        return with(new Setup(setup.execution, step, setup.tolerance, setup.agreement, setup.probes, setup.seed));
    }

    /**
     * With other tolerances; differences within {@code tolerance * (1 + |expected|)} pass.
     *
     * @param tolerance between the interpreter's gradients and central differences, by default 0.005
     * @param agreement between the compiled program's and the interpreter's gradients, by default 0.0002
     */
    public GradientCheck within(double tolerance, double agreement) {
        return with(new Setup(setup.execution, setup.step, tolerance, agreement, setup.probes, setup.seed));
    }

    /** With another number of elements of each input that are moved, at random if it has more; by default 4. */
    public GradientCheck withProbes(int probes) {
        return with(new Setup(setup.execution, setup.step, setup.tolerance, setup.agreement, probes, setup.seed));
    }

    /** With other random weights and probes; equal seeds have equal ones. */
    public GradientCheck withSeed(int seed) {
        return with(new Setup(setup.execution, setup.step, setup.tolerance, setup.agreement, setup.probes, seed));
    }

    private GradientCheck with(Setup changed) {
        return new GradientCheck(function, changed);
    }

    /** The same check of the function's gradients, which makes it one of second order. What flows back depends on the results. */
    public GradientCheck ofGradient() {
        return new GradientCheck(
                inputs -> {
                    List<Tensor> bent = results(inputs).stream()
                            .map(result -> result.add(result.square().mul(0.5f)))
                            .toList();
                    return Gradients.of(
                            weighted(bent, setup.seed + 1),
                            inputs.stream().filter(GradientCheck::isChecked).toList());
                },
                setup);
    }

    private static boolean isChecked(Tensor input) {
        return input.dtype() == DType.F32;
    }

    /**
     * Checks at a point.
     *
     * @param inputs what the function gets; those of f32 are moved and get gradients, others are constant. They are not changed.
     * @throws AssertionError naming the input, the element, and what was found and expected
     */
    public void at(TensorData... inputs) {
        List<Tensor> variables = new ArrayList<>();
        for (TensorData input : inputs) {
            TensorData copy = TensorData.allocate(input.shape(), input.dtype());
            copy.copyFrom(input);
            variables.add(Tensor.variable("input" + variables.size(), copy));
        }
        List<Tensor> checked =
                variables.stream().filter(GradientCheck::isChecked).toList();
        List<Tensor> results = results(variables);
        if (checked.isEmpty() || results.isEmpty()) {
            throw new IllegalArgumentException("Gradient check of " + results.size() + " results with respect to "
                    + checked.size() + " f32 inputs; expected at least one of each.");
        }
        List<Tensor> gradients = Gradients.of(weighted(results, setup.seed), checked);
        List<TensorData> expected = Interpreter.evaluate(gradients, Map.of());
        // Kernels may compute several gradients, of which one is read.
        int one = Math.floorMod(setup.seed, checked.size());
        requireCompiled(checked, gradients, expected);
        requireCompiled(checked.subList(one, one + 1), gradients.subList(one, one + 1), expected.subList(one, one + 1));
        SplittableRandom random = new SplittableRandom(setup.seed);
        for (int i = 0; i < checked.size(); i++) {
            float[] gradient = expected.get(i).toFloats();
            for (int probe = 0; probe < Math.min(setup.probes, gradient.length); probe++) {
                int at = gradient.length <= setup.probes ? probe : random.nextInt(gradient.length);
                double slope = slope(results, checked.get(i), at);
                require(
                        checked.get(i),
                        at,
                        gradient[at],
                        "by the interpreter",
                        slope,
                        "by central differences",
                        setup.tolerance);
            }
        }
    }

    private List<Tensor> results(List<Tensor> inputs) {
        return function.apply(inputs).stream()
                .filter(result ->
                        result.dtype() == DType.F32 || result.dtype() == DType.BF16 || result.dtype() == DType.F16)
                .map(result -> result.cast(DType.F32))
                .toList();
    }

    private void requireCompiled(List<Tensor> inputs, List<Tensor> gradients, List<TensorData> expected) {
        try (Program program = Program.compile(gradients, setup.execution)) {
            List<TensorData> found = program.run();
            String by = "compiled for " + setup.execution.device().name();
            for (int i = 0; i < found.size(); i++) {
                float[] compiled = found.get(i).toFloats();
                float[] interpreted = expected.get(i).toFloats();
                for (int at = 0; at < compiled.length; at++) {
                    require(
                            inputs.get(i),
                            at,
                            compiled[at],
                            by,
                            interpreted[at],
                            "by the interpreter",
                            setup.agreement);
                }
            }
        }
    }

    private static void require(
            Tensor input, int at, double found, String finder, double expected, String expecter, double tolerance) {
        if (!(Math.abs(found - expected) <= tolerance * (1 + Math.abs(expected)))) {
            throw new AssertionError(String.format(
                    Locale.ROOT,
                    "Gradient with respect to %s at %s: expected %.6g %s, found %.6g %s.",
                    input.label(),
                    Arrays.toString(input.shape().position(at)),
                    expected,
                    expecter,
                    found,
                    finder));
        }
    }

    private double slope(List<Tensor> results, Tensor input, int at) {
        TensorData data = ((Operation.Variable) input.operation()).data();
        float[] original = data.toFloats();
        float[] moved = original.clone();
        moved[at] = original[at] + setup.step;
        double width = moved[at];
        double up = value(results, data, moved);
        moved[at] = original[at] - setup.step;
        width -= moved[at];
        double down = value(results, data, moved);
        data.fill(original);
        return (up - down) / width;
    }

    /** The weighted sum, not rounded to f32 as {@link #weighted} is. */
    private double value(List<Tensor> results, TensorData input, float[] values) {
        input.fill(values);
        double sum = 0;
        int number = 0;
        for (TensorData result : Interpreter.evaluate(results, Map.of())) {
            float[] elements = result.toFloats();
            float[] weights = weights(elements.length, setup.seed, number++);
            for (int i = 0; i < elements.length; i++) {
                sum += (double) weights[i] * elements[i];
            }
        }
        return sum;
    }

    private static Tensor weighted(List<Tensor> results, int seed) {
        Tensor sum = Tensor.scalar(0);
        for (int i = 0; i < results.size(); i++) {
            Tensor result = results.get(i);
            float[] weights = weights(result.shape().size(), seed, i);
            Tensor weight = Tensor.variable("weights", TensorData.of(result.shape(), weights));
            sum = sum.add(result.mul(weight).sum());
        }
        return sum;
    }

    private static float[] weights(int size, int seed, int number) {
        SplittableRandom random = new SplittableRandom(seed * 31L + 7 + number * 1_000_003L);
        float[] weights = new float[size];
        for (int i = 0; i < size; i++) {
            weights[i] = (float) random.nextDouble(-1, 1);
        }
        return weights;
    }
}
