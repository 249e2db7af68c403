package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.RandomUniform;

/**
 * Random tensors inside of programs. A number depends on the seed, the name of its stream, the step and where it is in its tensor, and on
 * nothing else: who asks for the same gets the same, on any device, in any program, however often, so that a backward pass may compute
 * again what a forward pass has drawn. Streams of different names, and steps, have nothing to do with each other.
 *
 * <p>The step is a tensor: fed, or a variable that somebody counts up, it makes each run of a program draw anew.
 */
public final class RandomTensors {
    private final CounterRandom keys;
    private final Tensor step;

    /**
     * Random tensors of a seed.
     *
     * @param seed starting point of all streams
     * @param step one element of i32
     */
    public RandomTensors(long seed, Tensor step) {
        if (step.dtype() != DType.I32 || step.shape().size() != 1) {
            throw new TensorException("Random tensors by step " + step.label() + "; expected one I32 element.");
        }
        this.keys = new CounterRandom(seed);
        this.step = step;
    }

    /** Numbers of [0, 1), multiples of 2^-24. */
    public Tensor uniform(String stream, Shape shape) {
        return uniform(CounterRandom.streamOf(stream), 0, shape);
    }

    /** Numbers of mean 0 and variance 1, by the method of Box and Muller. */
    public Tensor normal(String stream, Shape shape) {
        long number = CounterRandom.streamOf(stream);
        // 1 - uniform is never 0, whose logarithm is infinite.
        Tensor radius = uniform(number, 1, shape).negate().add(1).log().mul(-2).sqrt();
        return radius.mul(uniform(number, 2, shape).mul((float) (2 * Math.PI)).cos());
    }

    /**
     * x with elements set to 0, each by itself, and the others scaled so that the mean stays: what hidden layers are trained with. Dropped
     * elements have no gradient, and are 0 even where x is NaN.
     *
     * @param rate share of elements that are set to 0, from 0 to 1
     */
    public Tensor dropout(String stream, Tensor x, float rate) {
        if (!(rate >= 0 && rate <= 1)) {
            throw new TensorException("dropout: rate " + rate + "; expected 0 to 1.");
        }
        if (rate == 0) {
            return x;
        }
        Tensor zero = Tensor.scalar(0);
        if (rate == 1) {
            return zero.expand(x.shape());
        }
        Tensor dropped = uniform(stream, x.shape()).less(Tensor.scalar(rate));
        return Tensor.where(dropped, zero, x.div(1 - rate));
    }

    private Tensor uniform(long stream, long part, Shape shape) {
        long key = keys.bits(stream, part);
        RandomUniform op = new RandomUniform(shape.size(), (int) (key >>> Integer.SIZE), (int) key);
        return Tensor.kernel(op, shape, DType.F32, step);
    }
}
