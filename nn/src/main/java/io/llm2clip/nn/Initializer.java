package io.llm2clip.nn;

import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Shape;
import java.util.Arrays;

/** Initial values of a parameter. */
@FunctionalInterface
public interface Initializer {

    /**
     * Sets all values.
     *
     * @param values row-major elements, zeros at first
     * @param shape dimensions of the parameter
     * @param random source of random numbers
     * @param stream the parameter's own stream of that source
     */
    void fill(float[] values, Shape shape, CounterRandom random, long stream);

    static Initializer zeros() {
        return constant(0);
    }

    static Initializer ones() {
        return constant(1);
    }

    static Initializer constant(float value) {
        return (values, _, _, _) -> Arrays.fill(values, value);
    }

    /** Normal distribution of mean 0. */
    static Initializer normal(double std) {
        return (values, _, random, stream) -> {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (std * random.normal(stream, i));
            }
        };
    }

    /** Normal distribution of mean 0, redrawn outside [-2, 2]: absolute limits, as in PyTorch's {@code trunc_normal_}. */
    static Initializer truncatedNormal(double std) {
        return (values, _, random, stream) -> {
            for (int i = 0; i < values.length; i++) {
                double value;
                long counter = i;
                do {
                    value = std * random.normal(stream, counter);
                    counter += values.length;
                } while (Math.abs(value) > 2);
                values[i] = (float) value;
            }
        };
    }

    /** Uniform distribution over [-bound, bound). */
    static Initializer uniform(double bound) {
        return (values, _, random, stream) -> {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (bound * (2 * random.uniform(stream, i) - 1));
            }
        };
    }

    /** Uniform over {@code +-1/sqrt(fanIn)}, PyTorch's default for the weight of a linear layer. */
    static Initializer fanInUniform() {
        return (values, shape, random, stream) ->
                uniform(1 / Math.sqrt(fanIn(shape))).fill(values, shape, random, stream);
    }

    /** Normal of standard deviation {@code 1/sqrt(fanIn)}. */
    static Initializer fanInNormal() {
        return (values, shape, random, stream) ->
                normal(1 / Math.sqrt(fanIn(shape))).fill(values, shape, random, stream);
    }

    /** These values times a factor. */
    default Initializer scaled(double factor) {
        return (values, shape, random, stream) -> {
            fill(values, shape, random, stream);
            for (int i = 0; i < values.length; i++) {
                values[i] *= (float) factor;
            }
        };
    }

    private static int fanIn(Shape shape) {
        if (shape.rank() < 2) {
            throw new IllegalArgumentException("Fan-in initialisation of " + shape
                    + "; expected a weight [out, in, ...], use uniform(bound) for a vector.");
        }
        return shape.size(1, shape.rank());
    }
}
