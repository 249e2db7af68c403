package io.llm2clip.nn;

import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Shape;

/**
 * Initial values of a parameter.
 *
 * <p>A value depends on nothing but its element's number, the parameter's name and the seed. So values are drawn in any order, by any
 * number of threads and in pieces of any size, and are always the same.
 */
@FunctionalInterface
public interface Initializer {

    /** Values by the row-major numbers of their elements, from 0; asked for by several threads at a time. */
    @FunctionalInterface
    interface Values {
        float get(long element);
    }

    /**
     * The values of one parameter; none is computed before it is asked for.
     *
     * @param shape dimensions of the parameter
     * @param random source of random numbers
     * @param stream the parameter's own stream of that source
     * @throws IllegalArgumentException if the shape does not suit
     */
    Values of(Shape shape, CounterRandom random, long stream);

    static Initializer zeros() {
        return constant(0);
    }

    static Initializer ones() {
        return constant(1);
    }

    static Initializer constant(float value) {
        return (_, _, _) -> _ -> value;
    }

    /** Normal distribution of mean 0. */
    static Initializer normal(double std) {
        return (_, random, stream) -> i -> (float) (std * random.normal(stream, i));
    }

    /** Normal distribution of mean 0, redrawn outside [-2, 2]: absolute limits, as in PyTorch's {@code trunc_normal_}. */
    static Initializer truncatedNormal(double std) {
        return (shape, random, stream) -> {
            long elements = shape.size();
            return i -> {
                double value;
                long counter = i;
                do {
                    value = std * random.normal(stream, counter);
                    counter += elements;
                } while (Math.abs(value) > 2);
                return (float) value;
            };
        };
    }

    /** Uniform distribution over [-bound, bound). */
    static Initializer uniform(double bound) {
        return (_, random, stream) -> i -> (float) (bound * (2 * random.uniform(stream, i) - 1));
    }

    /** Uniform over {@code +-1/sqrt(fanIn)}, PyTorch's default for the weight of a linear layer. */
    static Initializer fanInUniform() {
        return (shape, random, stream) -> uniform(1 / Math.sqrt(fanIn(shape))).of(shape, random, stream);
    }

    /** Normal of standard deviation {@code 1/sqrt(fanIn)}. */
    static Initializer fanInNormal() {
        return (shape, random, stream) -> normal(1 / Math.sqrt(fanIn(shape))).of(shape, random, stream);
    }

    /** These values times a factor. */
    default Initializer scaled(double factor) {
        return (shape, random, stream) -> {
            Values values = of(shape, random, stream);
            return i -> values.get(i) * (float) factor;
        };
    }

    private static int fanIn(Shape shape) {
        if (shape.rank() < 2) {
            throw new IllegalArgumentException("Fan-in initialization of " + shape
                    + "; expected a weight [out, in, ...], use uniform(bound) for a vector.");
        }
        return shape.size(1, shape.rank());
    }
}
