package io.llm2clip.evaluation.probe;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.kernels.DType;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.CompiledFunction;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * Multinomial logistic regression on frozen vectors, fitted by L-BFGS to its minimum, so that no learning rate, order or seed decides on
 * the result. Vectors of length 1 are scaled by the root of their size, which makes their elements about 1; the objective is the sum of
 * cross entropies times C plus half the squared length of the weights, with C = 0.316, as CLIP's paper has it (section 3.2).
 *
 * @param classes C
 * @param weights {@code [C, E + 1]}, the last of each row its bias
 * @param iterations steps that L-BFGS took
 * @param converged whether it came to the minimum
 */
public record LinearProbe(int classes, double[] weights, int iterations, boolean converged) {
    private static final double CROSS_ENTROPY_WEIGHT = 0.316;
    private static final int BATCH = 4096;
    private static final Lbfgs SOLVER = new Lbfgs(1000, 1e-5);

    /**
     * Fits a probe.
     *
     * @param vectors {@code [N, E]}, each of length 1
     * @param labels {@code [N]}, below {@code classes}
     * @param execution where it computes
     * @param progress hears of each pass over the vectors
     */
    public static LinearProbe fit(
            FloatMatrix vectors, int[] labels, int classes, Execution execution, Progress progress) {
        if (vectors.rows() != labels.length || labels.length == 0) {
            throw new IllegalArgumentException(
                    "A probe needs a class for each vector, found %d of %d.".formatted(labels.length, vectors.rows()));
        }
        if (Arrays.stream(labels).anyMatch(label -> label < 0 || label >= classes)) {
            throw new IllegalArgumentException("Classes of a probe count from 0 to %d.".formatted(classes - 1));
        }
        int width = vectors.columns();
        float scale = (float) Math.sqrt(width);
        try (CompiledFunction step = new CompiledFunction(inputs -> step(inputs, scale), execution);
                Progress.Phase phase = progress.begin("linear probe", Progress.UNKNOWN, "pass")) {
            Objective objective = new Objective(vectors, labels, classes, step, phase);
            Lbfgs.Minimum minimum = SOLVER.minimize(new double[classes * (width + 1)], objective);
            return new LinearProbe(
                    classes, rows(minimum.point(), classes, width), minimum.iterations(), minimum.converged());
        }
    }

    /** The loss of a batch, and the gradients of weights and biases. */
    private static List<Tensor> step(List<Tensor> inputs, float scale) {
        Tensor vectors = inputs.get(0).mul(Tensor.scalar(scale));
        Tensor weights = inputs.get(2);
        Tensor biases = inputs.get(3);
        Tensor loss = vectors.matmul(weights, false, true)
                .add(biases)
                .crossEntropy(inputs.get(1))
                .sum();
        List<Tensor> gradients = Gradients.of(loss, List.of(weights, biases));
        return List.of(loss, gradients.get(0), gradients.get(1));
    }

    private record Objective(
            FloatMatrix vectors, int[] labels, int classes, CompiledFunction step, Progress.Phase phase)
            implements Lbfgs.Objective {
        @Override
        public double value(double[] point, double[] gradient) {
            int size = classes * vectors.columns();
            TensorData weights = data(point, 0, size, Shape.of(classes, vectors.columns()));
            TensorData biases = data(point, size, classes, Shape.of(classes));
            // The mean of cross entropies is what the tolerance is of.
            double share = 1.0 / labels.length;
            double decay = share / CROSS_ENTROPY_WEIGHT;
            double value = 0;
            Arrays.fill(gradient, 0);
            for (int first = 0; first < labels.length; first += BATCH) {
                int count = Math.min(BATCH, labels.length - first);
                List<TensorData> results = step.run(List.of(
                        new TensorData(
                                Shape.of(count, vectors.columns()),
                                DType.F32,
                                vectors.slice(first, first + count).memory()),
                        TensorData.ofInts(Shape.of(count), Arrays.copyOfRange(labels, first, first + count)),
                        weights,
                        biases));
                value += share * results.get(0).item();
                accumulate(results.get(1), share, gradient, 0);
                accumulate(results.get(2), share, gradient, size);
            }
            for (int i = 0; i < size; i++) {
                value += decay / 2 * point[i] * point[i];
                gradient[i] += decay * point[i];
            }
            phase.advance(1);
            phase.metric("loss", value);
            return value;
        }

        private static TensorData data(double[] values, int first, int count, Shape shape) {
            TensorData data = TensorData.allocate(shape, DType.F32);
            float[] floats = new float[count];
            for (int i = 0; i < count; i++) {
                floats[i] = (float) values[first + i];
            }
            return data.fill(floats);
        }

        private static void accumulate(TensorData values, double factor, double[] sums, int first) {
            MemorySegment memory = values.readOnly();
            for (int i = 0; i < memory.byteSize() / Float.BYTES; i++) {
                sums[first + i] += factor * memory.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            }
        }
    }

    /** Weights and then biases, as rows that end with their bias. */
    private static double[] rows(double[] point, int classes, int width) {
        double[] rows = new double[point.length];
        double scale = Math.sqrt(width);
        for (int c = 0; c < classes; c++) {
            for (int d = 0; d < width; d++) {
                rows[c * (width + 1) + d] = scale * point[c * width + d];
            }
            rows[c * (width + 1) + width] = point[classes * width + c];
        }
        return rows;
    }

    /** The most probable class of a vector {@code [E]} of length 1; of equal ones the first. */
    public int classify(MemorySegment vector) {
        int width = weights.length / classes - 1;
        int best = 0;
        double highest = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < classes; c++) {
            double score = weights[c * (width + 1) + width];
            for (int d = 0; d < width; d++) {
                score += weights[c * (width + 1) + d] * vector.getAtIndex(ValueLayout.JAVA_FLOAT, d);
            }
            if (score > highest) {
                highest = score;
                best = c;
            }
        }
        return best;
    }
}
