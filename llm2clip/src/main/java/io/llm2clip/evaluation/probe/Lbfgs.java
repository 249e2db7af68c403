package io.llm2clip.evaluation.probe;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * Minimizes a smooth convex function by L-BFGS with a backtracking line search (Nocedal and Wright, Numerical Optimization, algorithms 7.4
 * and 7.5; the step lengths meet the conditions of Armijo, and updates without curvature are left out).
 *
 * @param maxIterations after which it ends
 * @param tolerance it ends when the largest element of the gradient is at most this, or the value no longer falls by this part of it
 */
public record Lbfgs(int maxIterations, double tolerance) {
    private static final int MEMORY = 10;
    private static final int MAX_HALVINGS = 30;
    private static final double ARMIJO = 1e-4;
    private static final double LEAST_CURVATURE = 1e-12;

    /** A function and its gradient. */
    @FunctionalInterface
    public interface Objective {
        /**
         * Computes the function's value.
         *
         * @param gradient receives the gradient, whatever it held
         */
        double value(double[] point, double[] gradient);
    }

    /**
     * Where it ended.
     *
     * @param iterations steps taken
     * @param converged whether the tolerance was met
     */
    public record Minimum(double[] point, double value, int iterations, boolean converged) {}

    private record Update(double[] step, double[] change, double inverse) {}

    /** Begins at {@code start}, which is left as it is. */
    public Minimum minimize(double[] start, Objective objective) {
        double[] point = start.clone();
        double[] gradient = new double[point.length];
        double value = objective.value(point, gradient);
        Deque<Update> updates = new ArrayDeque<>();
        for (int iteration = 0; iteration < maxIterations; iteration++) {
            if (largest(gradient) <= tolerance) {
                return new Minimum(point, value, iteration, true);
            }
            double[] direction = direction(gradient, updates);
            double slope = dot(direction, gradient);
            double length = updates.isEmpty() ? 1 / Math.max(1, Math.sqrt(dot(gradient, gradient))) : 1;
            double[] next = new double[point.length];
            double[] nextGradient = new double[point.length];
            double nextValue = Double.POSITIVE_INFINITY;
            int halvings = 0;
            while (true) {
                for (int i = 0; i < point.length; i++) {
                    next[i] = point[i] + length * direction[i];
                }
                nextValue = objective.value(next, nextGradient);
                if (nextValue <= value + ARMIJO * length * slope) {
                    break;
                }
                if (++halvings > MAX_HALVINGS) {
                    // Rounding hides what is left to gain.
                    return new Minimum(point, value, iteration, true);
                }
                length /= 2;
            }
            remember(updates, point, next, gradient, nextGradient);
            boolean flat = value - nextValue <= tolerance * Math.abs(nextValue) * 1e-3;
            point = next;
            gradient = nextGradient;
            value = nextValue;
            if (flat) {
                return new Minimum(point, value, iteration + 1, true);
            }
        }
        return new Minimum(point, value, maxIterations, false);
    }

    private static void remember(
            Deque<Update> updates, double[] point, double[] next, double[] gradient, double[] nextGradient) {
        double[] step = minus(next, point);
        double[] change = minus(nextGradient, gradient);
        double curvature = dot(step, change);
        if (curvature > LEAST_CURVATURE * dot(change, change)) {
            updates.addLast(new Update(step, change, 1 / curvature));
            if (updates.size() > MEMORY) {
                updates.removeFirst();
            }
        }
    }

    /** The two loops. */
    private static double[] direction(double[] gradient, Deque<Update> updates) {
        double[] direction = gradient.clone();
        double[] factors = new double[updates.size()];
        int i = factors.length;
        for (Iterator<Update> newestFirst = updates.descendingIterator(); newestFirst.hasNext(); ) {
            Update update = newestFirst.next();
            factors[--i] = update.inverse * dot(update.step, direction);
            add(direction, update.change, -factors[i]);
        }
        if (!updates.isEmpty()) {
            Update newest = updates.getLast();
            double scale = 1 / (newest.inverse * dot(newest.change, newest.change));
            for (int d = 0; d < direction.length; d++) {
                direction[d] *= scale;
            }
        }
        for (Update update : updates) {
            double factor = update.inverse * dot(update.change, direction);
            add(direction, update.step, factors[i++] - factor);
        }
        for (int d = 0; d < direction.length; d++) {
            direction[d] = -direction[d];
        }
        return direction;
    }

    private static double[] minus(double[] a, double[] b) {
        double[] difference = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            difference[i] = a[i] - b[i];
        }
        return difference;
    }

    private static void add(double[] sum, double[] term, double factor) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += factor * term[i];
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double largest(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }
}
