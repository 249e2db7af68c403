package io.llm2clip.evaluation.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LinearProbeTest {
    @Test
    void aQuadraticFunctionHasItsMinimumWhereItIs() {
        double[] factors = {1, 10, 100, 1000};
        double[] minimum = {3, -2, 1, 0.5};
        Lbfgs.Minimum found = new Lbfgs(200, 1e-10).minimize(new double[4], (point, gradient) -> {
            double value = 7;
            for (int i = 0; i < 4; i++) {
                double distance = point[i] - minimum[i];
                value += factors[i] * distance * distance / 2;
                gradient[i] = factors[i] * distance;
            }
            return value;
        });
        assertThat(found.converged()).isTrue();
        assertThat(found.value()).isCloseTo(7, within(1e-9));
        assertThat(found.point()).containsExactly(minimum, within(1e-5));
    }

    @Test
    void rosenbrocksValleyIsFollowedToItsEnd() {
        Lbfgs.Minimum found = new Lbfgs(500, 1e-9).minimize(new double[] {-1.2, 1}, (point, gradient) -> {
            double a = 1 - point[0];
            double b = point[1] - point[0] * point[0];
            gradient[0] = -2 * a - 400 * point[0] * b;
            gradient[1] = 200 * b;
            return a * a + 100 * b * b;
        });
        assertThat(found.point()).containsExactly(new double[] {1, 1}, within(1e-4));
        assertThat(new Lbfgs(3, 1e-9)
                        .minimize(new double[] {-1.2, 1}, (point, gradient) -> {
                            gradient[0] = 2 * point[0];
                            gradient[1] = 2e-3 * point[1];
                            return point[0] * point[0] + 1e-3 * point[1] * point[1];
                        })
                        .iterations())
                .isLessThanOrEqualTo(3);
    }

    /** At the minimum the objective, written out in doubles, has no slope. */
    @Test
    void theFitIsTheMinimumOfTheObjective() {
        int classes = 3;
        int width = 4;
        int count = 40;
        Random random = new Random(5);
        float[][] rows = new float[count][width];
        int[] labels = new int[count];
        for (int i = 0; i < count; i++) {
            labels[i] = random.nextInt(classes);
            for (int d = 0; d < width; d++) {
                rows[i][d] = (float) (random.nextGaussian() + (labels[i] == d ? 1 : 0));
            }
        }
        FloatMatrix vectors = FloatMatrix.of(rows);
        vectors.normalizeRows();
        LinearProbe probe = LinearProbe.fit(vectors, labels, classes, Execution.cpu(), Progress.NONE);
        assertThat(probe.converged()).isTrue();
        double[] weights = probe.weights();
        double best = objective(vectors, labels, classes, weights);
        for (int i = 0; i < weights.length; i++) {
            for (double step : new double[] {-0.02, 0.02}) {
                double[] moved = weights.clone();
                moved[i] += step;
                assertThat(objective(vectors, labels, classes, moved)).isGreaterThan(best - 1e-7);
            }
        }
    }

    /** Mean cross entropy plus the decay that C = 0.316 stands for, on vectors times the root of their size. */
    private static double objective(FloatMatrix vectors, int[] labels, int classes, double[] rows) {
        int width = vectors.columns();
        double value = 0;
        for (int c = 0; c < classes; c++) {
            for (int d = 0; d < width; d++) {
                double weight = rows[c * (width + 1) + d] / Math.sqrt(width);
                value += weight * weight / (2 * 0.316 * labels.length);
            }
        }
        for (int i = 0; i < labels.length; i++) {
            double sum = 0;
            double right = 0;
            for (int c = 0; c < classes; c++) {
                double score = rows[c * (width + 1) + width];
                for (int d = 0; d < width; d++) {
                    score += rows[c * (width + 1) + d] * vectors.get(i, d);
                }
                sum += Math.exp(score);
                right = c == labels[i] ? score : right;
            }
            value += (Math.log(sum) - right) / labels.length;
        }
        return value;
    }

    @Test
    void classesThatAStraightLineDividesAreToldApart() {
        FloatMatrix vectors = FloatMatrix.allocate(5000, 8);
        Random random = new Random(1);
        int[] labels = new int[5000];
        for (int i = 0; i < 5000; i++) {
            float[] vector = new float[8];
            for (int d = 0; d < 8; d++) {
                vector[d] = (float) random.nextGaussian();
            }
            labels[i] = vector[0] + vector[3] > 0 ? 1 : 0;
            vectors.accept(i, FloatMatrix.of(new float[][] {vector}).memory());
        }
        vectors.normalizeRows();
        LinearProbe probe = LinearProbe.fit(vectors, labels, 2, Execution.cpu(), Progress.NONE);
        long right = IntStream.range(0, 5000)
                .filter(i -> probe.classify(vectors.row(i)) == labels[i])
                .count();
        assertThat(right).isGreaterThan(4950);
    }

    @Test
    void labelsThatDoNotFitAreRefused() {
        FloatMatrix one = FloatMatrix.allocate(1, 2);
        assertThatThrownBy(() -> LinearProbe.fit(one, new int[2], 2, Execution.cpu(), Progress.NONE))
                .hasMessage("A probe needs a class for each vector, found 2 of 1.");
        assertThatThrownBy(() -> LinearProbe.fit(one, new int[] {2}, 2, Execution.cpu(), Progress.NONE))
                .hasMessage("Classes of a probe count from 0 to 1.");
    }
}
